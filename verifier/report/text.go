package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// TextOptions is how the text report is shown.
type TextOptions struct {
	Color bool
	Quiet bool // findings and verdict alone
	Width int  // columns of the terminal; 0 for 110
}

// Text writes the report for people, in the manner of a doctor: what was looked at, what is wrong and what to do, and last
// the verdict.
func Text(w io.Writer, r Report, options TextOptions) error {
	t := &text{w: w, TextOptions: options}
	if t.Width <= 0 {
		t.Width = 110
	}
	t.Width = min(max(t.Width, 60), 140)
	if !t.Quiet {
		t.header(r)
		t.table(r)
	}
	for _, f := range r.Findings {
		t.finding(f)
	}
	if !t.Quiet {
		t.proofs(r)
	}
	t.undone(r)
	t.verdict(r)
	return t.err
}

type text struct {
	w io.Writer
	TextOptions
	apart bool // whether the last line was an empty one
	err   error
}

func (t *text) line(format string, args ...any) {
	t.apart = false
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

// gap sets what follows apart, once.
func (t *text) gap() {
	if !t.apart {
		t.line("")
		t.apart = true
	}
}

// The colours of a terminal that are readable on dark and on light.
const (
	red, yellow, green, cyan, dim = "31", "33", "32", "36", "2"
)

func (t *text) color(code, words string) string {
	if !t.Color || words == "" {
		return words
	}
	return "\x1b[" + code + "m" + words + "\x1b[0m"
}

func (t *text) header(r Report) {
	var details []string
	if r.Target.User != "" {
		details = append(details, "user "+r.Target.User)
	}
	for _, program := range r.Programs {
		for _, view := range []string{goenv.ToolsView, goenv.RemoteView, goenv.ContainerView, goenv.ImageView} {
			if file, ok := program.Views[view]; ok && file.Version != "" {
				version := strings.TrimPrefix(file.Version, "v")
				details = append(details, strings.TrimPrefix(program.Name+" "+version, "go "))
				break
			}
		}
	}
	who := ""
	if len(details) > 0 {
		who = " (" + clean(strings.Join(details, ", ")) + ")"
	}
	t.line("dcverify %s  %s %s%s", r.Tool.Version, r.Target.Kind, clean(r.Target.Name), who)
	t.gap()
}

func (t *text) finding(f finding.Finding) {
	mark, color := "✗", red
	switch f.Severity {
	case finding.Warning:
		mark, color = "!", yellow
	case finding.Info:
		mark, color = "i", cyan
	}
	t.line("%s", strings.TrimRight(fmt.Sprintf("%s %s %s  %s", t.color(color, mark), t.color(color, f.Code), f.Name, t.color(dim, clean(f.Location.String()))), " "))
	t.paragraph("", f.Message)
	if f.Cause != "" {
		t.paragraph("why: ", f.Cause)
	}
	for i, related := range f.Related {
		if !related.Location.Known() || i > 0 && f.Related[i-1].Location == related.Location {
			continue
		}
		said := related.Location.String() + "  " + related.Message
		for _, next := range f.Related[i+1:] { // what is said of one place is said in one paragraph
			if next.Location != related.Location {
				break
			}
			said += ", " + next.Message
		}
		t.paragraph("see: ", said)
	}
	for _, fix := range f.Fixes {
		t.paragraph("fix: ", fix.Message)
		for _, command := range fix.Commands {
			for line := range strings.SplitSeq(command, "\n") {
				t.line("           %s", clean(line))
			}
		}
	}
	t.gap()
}

// paragraph writes words under the mark of the finding.
func (t *text) paragraph(label, words string) {
	const indent = "    "
	t.wrapped(indent+label, indent+strings.Repeat(" ", len(label)), words)
}

// wrapped breaks words at the width of the terminal; first stands before the first line, and further before each other.
func (t *text) wrapped(first, further, words string) {
	line, empty := first, true
	for _, word := range strings.Fields(clean(words)) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > t.Width {
			t.line("%s", line)
			line, empty = further, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	t.line("%s", line)
}

func (t *text) proofs(r Report) {
	for _, proof := range r.Proofs {
		if proof.Repeated != nil {
			t.rate(proof)
			continue
		}
		if proof.Status != facts.Passed || proof.Name == facts.PtraceProof {
			continue // the kernel's permission is no news where a debugger works
		}
		if proof.Server != nil {
			var details []string
			for _, step := range proof.Steps {
				if step.Detail != "" {
					details = append(details, clean(step.Detail))
				}
			}
			t.line("%s %s at %s: %s", t.color(green, "✓"), proof.Name, clean(proof.Server.Address), strings.Join(details, "; "))
			continue
		}
		var total int64
		var steps []string
		for _, step := range proof.Steps {
			total += step.Ms
			steps = append(steps, step.Name)
		}
		with := clean(proof.Tool.Path + " " + proof.Tool.Version)
		if proof.Tool.Linked {
			with = "the Delve linked into dcverify, because the container has none that runs"
		}
		name := proof.Name
		if len(proof.Also) > 0 {
			name += " (view " + strings.Join(append([]string{proof.View}, proof.Also...), ", ") + ")"
		}
		t.line("%s %s in %d ms with %s: %s", t.color(green, "✓"), name, total, with, t.color(dim, strings.Join(steps, ", ")))
	}
}

// rate shows how often a proof that was repeated passed, how it ended otherwise, and how long its steps took.
func (t *text) rate(proof Proof) {
	repeated := proof.Repeated
	mark := t.color(green, "✓")
	if proof.Passed < proof.Tries {
		mark = t.color(red, "✗")
	}
	t.line("%s %s passed %d of %s (%.1f %%)", mark, proof.Name, proof.Passed, tries(proof.Tries), 100*float64(proof.Passed)/float64(max(1, proof.Tries)))
	for _, other := range repeated.Others {
		t.line("    %d × %s in step %s: %s", other.Count, other.Status, clean(other.Step), clean(other.Reason))
	}
	for _, step := range repeated.Steps {
		t.line("    %s", t.color(dim, fmt.Sprintf("%-12s %6d %6d %6d ms (least, median, most)", clean(step.Name), step.Min, step.Median, step.Max)))
	}
}

func tries(n int) string {
	if n == 1 {
		return "1 try"
	}
	return fmt.Sprintf("%d tries", n)
}

// undone lists what was not asked, and why: it is no pass. What has one reason, such as an image that nobody has, is one line.
func (t *text) undone(r Report) {
	type reason struct {
		status facts.Status
		words  string
	}
	codes := map[reason][]string{}
	var order []reason
	for _, o := range r.Outcomes {
		if o.Status != facts.Skipped && o.Status != facts.Broken {
			continue
		}
		why := reason{o.Status, o.Reason}
		if codes[why] == nil {
			order = append(order, why)
		}
		codes[why] = append(codes[why], o.Code)
	}
	for _, why := range order {
		t.wrapped("- ", "  ", fmt.Sprintf("%s %s: %s", strings.Join(codes[why], " "), why.status, why.words))
	}
}

func (t *text) verdict(r Report) {
	if !t.Quiet {
		t.gap()
		counts := []string{fmt.Sprintf("%d passed", r.Summary.Passed)}
		for _, c := range []struct {
			n    int
			word facts.Status
		}{{r.Summary.Warned, facts.Warned}, {r.Summary.Failed, facts.Fails}, {r.Summary.Skipped, facts.Skipped}, {r.Summary.Broken, facts.Broken}} {
			if c.n > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", c.n, c.word))
			}
		}
		took := time.Duration(r.DurationMs) * time.Millisecond
		if took > time.Second {
			took = took.Round(100 * time.Millisecond)
		}
		t.line("%s in %s", strings.Join(counts, ", "), took)
	}
	t.line("%s", t.color(map[Verdict]string{Passed: green, Warned: yellow, Failed: red, Incomplete: yellow}[r.Verdict], Line(r)))
}

// Line is the verdict in one line.
func Line(r Report) string {
	word := strings.ToUpper(string(r.Verdict))
	switch r.Verdict {
	case Failed:
		codes := Codes(r, finding.Error)
		return fmt.Sprintf("%s: %s (%s)", word, count(len(codes), "check"), strings.Join(codes, " "))
	case Warned:
		codes := Codes(r, finding.Warning)
		return fmt.Sprintf("%s: %s (%s)", word, count(len(codes), "check"), strings.Join(codes, " "))
	case Incomplete:
		if r.Interrupted != "" {
			return word + ": " + r.Interrupted
		}
		return word + ": not everything could be verified, see above"
	}
	switch r.Target.Kind {
	case "image":
		return word + ": the image is fit for Go"
	case "workspace":
		return word + ": the files declare nothing that is known to break Go (nothing was run)"
	}
	proved := []string{}
	for _, o := range r.Outcomes {
		if o.Code == "DV803" && o.Status == facts.Passed {
			proved = append(proved, "go builds in every view")
		}
	}
	for _, proof := range r.Proofs {
		if proof.Status == facts.Passed {
			words := map[string]string{
				facts.LaunchProof: "the debugger launches", facts.AttachProof: "the debugger attaches", facts.DAPProof: "the editor debugs",
				facts.TestProof: "tests can be debugged", facts.ServerProof: "the server can be used",
			}[proof.Name]
			if words != "" {
				proved = append(proved, words)
			}
		}
	}
	if len(proved) == 0 {
		return word
	}
	return word + ": " + strings.Join(proved, ", ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Codes lists the codes of the findings of the given severities, sorted, each once.
func Codes(r Report, severities ...finding.Severity) []string {
	var codes []string
	for _, f := range r.Findings {
		if slices.Contains(severities, f.Severity) {
			codes = append(codes, f.Code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// clean makes one harmless line of words that come from elsewhere: no control characters of terminals, and none that turn
// the direction of writing around.
func clean(words string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return '\ufffd'
		}
		return r
	}, words)
}
