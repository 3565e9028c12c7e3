package report

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dcverify/dcverify/verifier/goenv"
)

// table shows, per view, which go runs and the variables that matter: GOROOT always, others where the views disagree.
func (t *text) table(r Report) {
	views := slices.DeleteFunc(slices.Clone(goenv.Views), func(view string) bool {
		return !slices.ContainsFunc(r.Environment, func(v Variable) bool { _, ok := v.Views[view]; return ok })
	})
	if len(views) == 0 {
		return
	}
	if slices.ContainsFunc(r.Environment, debuggedOtherwise) {
		views = append(views, goenv.DebuggeeView)
	}
	rows := [][]string{append([]string{"VARIABLE"}, views...)}
	assumed := map[string]bool{} // whose word the marked values are
	for _, program := range r.Programs {
		if program.Name != "go" {
			continue
		}
		row := []string{"go"}
		for _, view := range views {
			version := strings.TrimPrefix(program.Views[view].Version, "go")
			row = append(row, cell(version, false, version == ""))
		}
		rows = append(rows, row)
	}
	goroot := false
	for _, variable := range r.Environment {
		goroot = goroot || variable.Name == "GOROOT"
		if variable.Name == "PATH" || (variable.Name != "GOROOT" && agree(variable)) {
			continue
		}
		row := []string{variable.Name}
		for _, view := range views {
			value := variable.Views[view]
			text := cell(value.Effective, value.Unknown != "", value.Effective == "")
			if value.Unknown == "" && value.Origin != nil && value.Origin.Assumed != "" {
				assumed[value.Origin.Assumed] = true
				text += assumedMark
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	if !goroot {
		row := []string{"GOROOT"}
		for range views {
			row = append(row, "-")
		}
		rows = append(rows, row)
	}
	t.columns(rows)
	for _, word := range slices.Sorted(maps.Keys(assumed)) {
		t.line("%s", t.color(dim, strings.TrimSpace(assumedMark)+" assumed from "+clean(word)+", and not seen"))
	}
	t.gap()
}

// columns writes rows under one another. The first is the heading, and what does not fit is shortened.
func (t *text) columns(rows [][]string) {
	widths := make([]int, len(rows[0]))
	room := max(8, (t.Width-14)/max(1, len(rows[0])-1)-2)
	for _, row := range rows {
		for i := range row {
			if i > 0 {
				value, marked := strings.CutSuffix(clean(row[i]), assumedMark)
				if row[i] = shorten(value, room); marked {
					row[i] += assumedMark
				}
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	for i, row := range rows {
		var b strings.Builder
		for j, value := range row {
			b.WriteString(value + strings.Repeat(" ", widths[j]-utf8.RuneCountInString(value)+2))
		}
		words := strings.TrimRight(b.String(), " ")
		if i == 0 {
			words = t.color(dim, words)
		}
		t.line("%s", words)
	}
}

// assumedMark stands behind a value in the table that nobody has seen.
const assumedMark = " ?"

func cell(value string, unknown, empty bool) string {
	switch {
	case unknown:
		return "unknown"
	case empty:
		return "-"
	}
	return value
}

// byItself is the layers that nobody had to write for: go's own, and what the extension passes on of them.
var byItself = []string{goenv.Default, goenv.GorootEnv, goenv.Extension, goenv.Delve}

// debuggedOtherwise tells whether a debug configuration gives its program another value than the tools have.
func debuggedOtherwise(v Variable) bool {
	tools := v.Views[goenv.ToolsView]
	debuggee, ok := v.Views[goenv.DebuggeeView]
	if !ok || debuggee.Origin != nil && slices.Contains(byItself, debuggee.Origin.Layer) {
		return false
	}
	return debuggee.Unknown != tools.Unknown || debuggee.Effective != tools.Effective
}

// agree tells whether nobody but go itself sets the variable, or whoever does comes to one value in all views.
func agree(v Variable) bool {
	values, declared := map[string]bool{}, false
	for _, value := range v.Views {
		if value.Unknown == "" || value.Origin != nil { // a view that is not known at all differs from nothing
			values[value.Effective+value.Unknown] = true
			declared = declared || (value.Origin != nil && !slices.Contains(byItself, value.Origin.Layer))
		}
	}
	return !declared || len(values) <= 1
}

// shorten keeps both ends of a value: paths tell themselves apart there.
func shorten(value string, room int) string {
	runes := []rune(value)
	if len(runes) <= room {
		return value
	}
	tail := (room - 1) * 2 / 3
	return string(runes[:room-1-tail]) + "…" + string(runes[len(runes)-tail:])
}
