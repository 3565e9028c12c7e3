package resolve

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/source"
)

// The reference CLI reads a Dockerfile with regular expressions before anything is built. It asks for the base image that it
// finds, whose metadata count; and where features are used, the image ends with the USER that it finds, whatever the builder
// made of the file.

// judgeReading notes where the reference CLI and the builder understand a Dockerfile in different ways that matter.
func (r *resolver) judgeReading() {
	build, reading := r.project.Build, r.reading
	if build == nil || reading == nil || r.Away || build.Image == "" {
		return
	}
	features := len(r.project.Features) > 0
	switch {
	case strings.HasPrefix(reading.Problem, "Cannot read"):
		r.problem("cli-fails", "the reference CLI fails over an ENV without a value that USER or FROM refers to: "+reading.Problem, emptyENV(*build))
		return
	case reading.Problem != "":
		return // too big to be followed
	case build.Image == "scratch" && reading.Image == "scratch":
		r.problem("cli-fails", "the reference CLI asks registries for an image scratch, and fails: it has to start from one that exists", reading.ImagePlace)
		return
	case reading.Image == "" && (features || len(r.project.Label) > 0):
		r.problem("cli-image", fmt.Sprintf("the reference CLI finds no FROM of the stage that is built: the metadata and the user of %s do not count", build.Image), r.targetPlace(*build))
	case reading.Image != "" && reading.Image != build.Image:
		r.problem("cli-other-image", fmt.Sprintf("the reference CLI takes %s for the base image, and asks for it: the builder starts from %s", reading.Image, build.Image), reading.ImagePlace)
		return
	}
	if !features || build.UserUnknown != "" || r.project.Merged.ContainerAccount.Name != "" || r.project.Merged.RemoteAccount.Name != "" {
		return
	}
	believed, known := r.believedUser()
	if truth := cmp.Or(build.User, "root"); known && believed != truth {
		place := reading.UserPlace
		if !place.Known() || build.UserPlace.Known() && reading.UserPlace.Line == build.UserPlace.Line {
			place = cmp.Or(build.UserPlace, r.targetPlace(*build))
		}
		kind := "cli-user"
		if strings.ContainsAny(believed, "${}'\"") {
			kind = "cli-no-user"
		}
		r.problem(kind, fmt.Sprintf("with features the container runs as %s: the reference CLI takes that for the last USER of the Dockerfile, which is %s", believed, truth), place)
	}
}

// believedUser is who the container runs as where features are used; false where the base image decides it and is not at hand.
func (r *resolver) believedUser() (string, bool) {
	if r.reading.User != "" {
		return r.reading.User, true
	}
	if r.reading.Image == "" {
		return "root", true
	}
	image := r.look(r.reading.Image)
	return cmp.Or(image.Config.User, "root"), image.Unknown == ""
}

// emptyENV is the first ENV that sets a variable to nothing.
func emptyENV(build dockerfile.Build) source.Place {
	for _, stage := range build.Stages {
		for _, instruction := range stage.Instructions {
			for i := 0; instruction.Keyword == "ENV" && i+1 < len(instruction.Words); i += 2 {
				if instruction.Words[i+1] == "" {
					return instruction.Place
				}
			}
		}
	}
	return source.Place{File: build.File}
}

// targetPlace is the FROM of the stage that is built.
func (r *resolver) targetPlace(build dockerfile.Build) source.Place {
	if build.Target >= 0 && build.Target < len(build.Stages) {
		return build.Stages[build.Target].Place
	}
	return source.Place{File: build.File}
}
