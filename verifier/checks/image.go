package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

var imageGo = check.Check{
	Code: "DV401", Name: "image-go", Severity: finding.Error, Scope: "I",
	Summary: "an image without a usable Go, with several of them, or with one of another architecture",
	Needs:   []facts.Need{facts.Files},
	Run: func(p *check.Pass) {
		image, ok := p.Image.Get()
		if !ok {
			p.Skip("%s", p.Image.Why())
			return
		}
		command, found := p.Go[goenv.ImageView].Get()
		root := command.Root
		if value, declared := p.View(goenv.ImageView).Goroot(); declared {
			root = value.Effective
		}
		report := func(severity finding.Severity, message, cause, fix string) {
			p.Report(finding.Finding{
				Severity: severity, Message: message, Cause: cause,
				Evidence: map[string]string{"image": image.Reference, "PATH": p.View(goenv.ImageView).Lookup("PATH").Value},
				Upstream: []string{"go: command not found"},
				Fixes:    []finding.Fix{{Message: fix, Safe: true}},
			}, message)
		}
		switch {
		case !found:
			report(finding.Error, "the image has no go: "+p.Go[goenv.ImageView].Why(), "no folder of the image's PATH has a go that runs",
				"install Go in the image, or add the Go feature to the dev container")
		case command.Binary.Problem != "":
			report(finding.Error, fmt.Sprintf("%s cannot run: %s", command.Binary.Path, command.Binary.Problem), "it is the go that PATH finds",
				"install a Go of the image's own architecture ("+image.Architecture+")")
		case root == command.Root && root != "" && !p.Trees[root].Valid(): // of another GOROOT DV103 speaks
			report(finding.Error, fmt.Sprintf("%s has no complete Go: %s lacks %s", command.Binary.Path, root, strings.Join(p.Trees[root].Lacks(), ", ")),
				"the go command is there, but not what it builds with", "copy or install the whole release")
		}
		releases := map[string]string{}
		for path, tree := range p.Trees {
			if tree.Valid() && !strings.Contains(path, "/golang.org/toolchain@") {
				releases[tree.Real] = tree.Version
			}
		}
		if len(releases) > 1 {
			var words []string
			for _, path := range slices.Sorted(maps.Keys(releases)) {
				words = append(words, fmt.Sprintf("%s (%s)", path, releases[path]))
			}
			report(finding.Warning, "the image has several Gos: "+strings.Join(words, ", "),
				"which one runs depends on PATH, and GOROOT can name another", "keep one")
		}
	},
}

var imageTools = check.Check{
	Code: "DV402", Name: "image-tools", Severity: finding.Warning, Scope: "I",
	Summary: "dlv is missing from the image, or the remote user may not run it; of gopls DV701 speaks",
	Needs:   []facts.Need{facts.Files},
	Run: func(p *check.Pass) {
		if _, ok := p.Image.Get(); !ok {
			p.Skip("%s", p.Image.Why())
			return
		}
		dlv, ok := p.Tools["dlv"].Get()
		message := ""
		switch {
		case !ok:
			p.Skip("%s", p.Tools["dlv"].Why())
			return
		case dlv.Binary.Path == "":
			message = "the image has no dlv"
		case dlv.Binary.Problem != "":
			message = fmt.Sprintf("%s cannot run: %s", dlv.Binary.Path, dlv.Binary.Problem)
		default:
			return
		}
		p.Report(finding.Finding{
			Message:  message,
			Cause:    "looked in " + list(dlv.Searched),
			Upstream: []string{`The "dlv" command is not available.`},
			Fixes:    []finding.Fix{{Message: "install it in the image", Safe: true, Commands: []string{"go install " + delvePackage + "@" + fittingDelve(workspaceGo(p))}}},
		}, "dlv")
	},
}
