package report

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
)

// secrets is what looks like a user and password in a URL, or like a token, and what is shown in its place. A sign that each
// of them has is looked for first: nearly every text has none.
var secrets = []struct {
	sign  string
	looks *regexp.Regexp
	shown string
}{
	{"@", regexp.MustCompile(`(://)[^/?#\s,|"]+@`), "${1}***@"}, // to the last @: passwords hold some
	{"=", regexp.MustCompile(`(?i)\b([a-z_-]*(?:token|secret|password|api_?key)=)[^\s&,;|"']+`), "${1}***"},
	{"gh", regexp.MustCompile(`\bgh[opsur]_[\w-]{16,}`), "***"},
	{"github_pat_", regexp.MustCompile(`\bgithub_pat_[\w-]{16,}`), "***"},
	{"glpat-", regexp.MustCompile(`\bglpat-[\w-]{16,}`), "***"},
}

// mask hides what looks like a secret.
func mask(text string) string {
	for _, secret := range secrets {
		if strings.Contains(text, secret.sign) {
			text = secret.looks.ReplaceAllString(text, secret.shown)
		}
	}
	return text
}

func maskedTexts(texts []string) []string {
	texts = slices.Clone(texts)
	for i := range texts {
		texts[i] = mask(texts[i])
	}
	return texts
}

func masked(findings []finding.Finding) []finding.Finding {
	result := make([]finding.Finding, len(findings))
	for i, f := range findings {
		f.Message, f.Cause = mask(f.Message), mask(f.Cause)
		f.Evidence = maps.Clone(f.Evidence)
		for name, value := range f.Evidence {
			f.Evidence[name] = mask(value)
		}
		f.Related = slices.Clone(f.Related)
		for j := range f.Related {
			f.Related[j].Message = mask(f.Related[j].Message)
		}
		f.Fixes = slices.Clone(f.Fixes)
		for j := range f.Fixes {
			f.Fixes[j].Message, f.Fixes[j].Commands = mask(f.Fixes[j].Message), maskedTexts(f.Fixes[j].Commands)
		}
		f.Upstream = maskedTexts(f.Upstream)
		result[i] = f
	}
	return result
}

// maskedProof masks what tools said, which may be what they were told.
func maskedProof(proof facts.Proof) facts.Proof {
	proof.Reason, proof.Output = mask(proof.Reason), mask(proof.Output)
	proof.Steps = append([]facts.Step{}, proof.Steps...)
	for i := range proof.Steps {
		proof.Steps[i].Detail = mask(proof.Steps[i].Detail)
	}
	if proof.Repeated != nil {
		repeated := *proof.Repeated
		repeated.Others = slices.Clone(repeated.Others)
		for i := range repeated.Others {
			repeated.Others[i].Reason = mask(repeated.Others[i].Reason)
		}
		proof.Repeated = &repeated
	}
	if proof.Server != nil {
		server := *proof.Server
		server.Target = mask(server.Target)
		proof.Server = &server
	}
	return proof
}
