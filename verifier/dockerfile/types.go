package dockerfile

import (
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

// Base is what is known of the image that a stage starts from: its configuration.
type Base struct {
	Env     []string          `json:"env,omitempty"`
	User    string            `json:"user,omitempty"`
	Workdir string            `json:"workdir,omitempty"`
	Shell   []string          `json:"shell,omitempty"`
	OnBuild []string          `json:"onbuild,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
}

// Options is what a build is told besides its Dockerfile.
type Options struct {
	Target   string            // stage to build; empty for the last
	Args     map[string]string // --build-arg
	Platform string            // os/arch[/variant] of the result; empty for linux/amd64
	Legacy   bool              // the rules of the builder before BuildKit, where they differ

	// Base gives the configuration of an image; false where it is not at hand. It is nil where no image is. It is asked
	// for the stages that are built, and for each image once.
	Base func(reference string) (Base, bool)
}

// Build is what a build of a Dockerfile makes, told without building.
type Build struct {
	File      string     `json:"file"`
	Stages    []Stage    `json:"stages,omitempty"`  // all, in the order of the file
	Target    int        `json:"target"`            // index of the stage that is built; -1 where there is none of that name
	Image     string     `json:"image,omitempty"`   // the image at the bottom of the target's stages, ARGs expanded; "scratch" for none
	BaseKnown bool       `json:"baseKnown"`         // whether that image's configuration was at hand
	Env       []Variable `json:"env,omitempty"`     // of the result, in the order of the image's configuration
	User      string     `json:"user,omitempty"`    // of the result, as the image's configuration will have it; empty for root, or where it is not known
	Workdir   string     `json:"workdir,omitempty"` // relative where it goes on from a base that is not at hand
	Shell     []string   `json:"shell,omitempty"`   // of the result, where SHELL or the base sets it
	OnBuild   []string   `json:"onbuild,omitempty"` // what the result does to those that are built FROM it, as features are

	UserPlace   source.Place      `json:"userPlace,omitzero"`    // of the USER instruction that decides; the zero Place where the base does
	UserUnknown string            `json:"userUnknown,omitempty"` // why the user is not known
	Labels      map[string]string `json:"labels,omitempty"`
	Args        []Arg             `json:"args,omitempty"`     // every ARG of the file, those before the first FROM too
	Problems    []Problem         `json:"problems,omitempty"` // what a build would refuse or warn of
}

// Stage is what stands between one FROM and the next.
type Stage struct {
	Name         string        `json:"name,omitempty"`  // after AS, in lower case
	From         string        `json:"from"`            // as it is written
	Image        string        `json:"image,omitempty"` // the image at the bottom, ARGs expanded; empty where an ARG has no value
	Parent       int           `json:"parent"`          // index of the stage that it starts from; -1 for an image
	Place        source.Place  `json:"place,omitzero"`  // of the FROM instruction
	Instructions []Instruction `json:"instructions,omitempty"`
	Env          []Variable    `json:"env,omitempty"` // after its last instruction, inherited ones included
	User         string        `json:"user,omitempty"`

	ImagePlace  source.Place `json:"imagePlace,omitzero"` // of the word behind FROM
	Platform    string       `json:"platform,omitempty"`  // of --platform, expanded
	Known       bool         `json:"known"`               // whether the configuration of the image at the bottom was at hand
	Built       bool         `json:"built"`               // the target needs it: a build runs it
	UserPlace   source.Place `json:"userPlace,omitzero"`
	UserUnknown string       `json:"userUnknown,omitempty"`
}

// Instruction is one instruction with what was in force when it ran.
type Instruction struct {
	Keyword string        `json:"keyword"` // in capitals; the inner one of ONBUILD never stands here
	Place   source.Place  `json:"place,omitzero"`
	Words   []string      `json:"words,omitempty"`  // expanded as the builder does: ENV and ARG as name, value, …; COPY sources and destination; USER, WORKDIR one; RUN, CMD in JSON form the words
	Flags   []string      `json:"flags,omitempty"`  // --from=x, --chown=…, --mount=…, as written
	Script  string        `json:"script,omitempty"` // of RUN in shell form or with a here document: the text for the shell, line by line as in the file, so that line n of it is line Line+n-1 of the file
	Line    int           `json:"line,omitempty"`   // of the file, where the script begins
	User    string        `json:"user,omitempty"`   // who it runs as; empty for the base's user where that is not known, "root" where it is root
	Workdir string        `json:"workdir,omitempty"`
	Shell   []string      `json:"shell,omitempty"`  // what runs scripts, where a SHELL instruction changed it
	Env     goenv.Environ `json:"env,omitempty"`    // of RUN alone: Go's variables and PATH as the command sees them, ARGs too
	Others  goenv.Environ `json:"others,omitempty"` // of RUN alone: the other variables that its script names, as far as they are known
}

// Variable is a variable of an image with the instruction that set it last.
type Variable struct {
	Name    string       `json:"name"`
	Value   string       `json:"value"`             // where it is not known, with the references that could not be expanded as they are written
	Place   source.Place `json:"place,omitzero"`    // of NAME=value; the zero Place for the base's own
	Shadows []Setting    `json:"shadows,omitempty"` // what it was before along the same line of stages, the latest first; the base's own has the zero Place
	Unknown string       `json:"unknown,omitempty"` // why the value is not known: it holds something of a base that is not at hand
}

// Setting is one earlier say.
type Setting struct {
	Value string       `json:"value"`
	Place source.Place `json:"place,omitzero"`
}

// Arg is one ARG instruction.
type Arg struct {
	Name    string       `json:"name"`
	Default *string      `json:"default,omitempty"`
	Stage   int          `json:"stage"` // -1 before the first FROM
	Place   source.Place `json:"place,omitzero"`
}

// Problem is something that a build would refuse or warn of.
//
//	syntax                 the parser or an instruction's own rules refuse it
//	empty-from             FROM has no image: its ARG has no value
//	unknown-stage          the target, --from or FROM names a stage that is not there (FROM: in other letters than lower case)
//	undefined-arg          a variable that nothing sets is expanded, to nothing; a warning only
//	unsupported-expansion  ${…} that the builder refuses, ${NAME:?} of a variable that is not set included
//	needs-buildkit         the builder before BuildKit does not know it
//	too-big                a value, or all of them, grow beyond what dcverify follows
type Problem struct {
	Kind    string       `json:"kind"`
	Message string       `json:"message"`
	Place   source.Place `json:"place,omitzero"`
	Stage   int          `json:"stage"` // where it is; -1 before the first FROM, or where no stage is meant. A build fails for it only if the stage is built
}
