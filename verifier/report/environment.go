package report

import (
	"io"
	"slices"

	"github.com/dcverify/dcverify/verifier/goenv"
)

// EnvironmentText writes the layer table: every variable with each view's value, who set it, and what that shadows. Without
// all, values that nobody set are left out.
func EnvironmentText(w io.Writer, variables []Variable, all bool) error {
	t := &text{w: w}
	if !all {
		variables = slices.DeleteFunc(slices.Clone(variables), func(v Variable) bool { return !declared(v) })
		if len(variables) == 0 {
			t.line("nobody is seen to set a variable of Go's, or PATH")
		}
	}
	for _, variable := range variables {
		t.line("%s", variable.Name)
		for _, view := range append(slices.Clone(goenv.Views), goenv.DebuggeeView) {
			value, ok := variable.Views[view]
			switch {
			case !ok:
			case value.Unknown != "" && value.Origin != nil:
				t.line("  %-10s unknown  (%s: %s)", view, origin(*value.Origin), clean(value.Unknown))
			case value.Unknown != "":
				t.line("  %-10s unknown  (%s)", view, clean(value.Unknown))
			case value.Origin == nil:
				t.line("  %-10s -", view)
			default:
				t.line("  %-10s %s  (%s)", view, clean(shown(value.Effective)), origin(*value.Origin))
			}
			for _, shadow := range value.Shadows {
				t.line("  %10s   shadows %s  (%s)", "", clean(shown(shadow.Value)), origin(shadow))
			}
		}
		if len(variable.Views) == 0 {
			t.line("  nobody sets it")
		}
	}
	return t.err
}

// declared tells whether somebody sets the variable, and not only go by default, or Delve by itself.
func declared(variable Variable) bool {
	for _, value := range variable.Views {
		if value.Origin != nil && value.Origin.Layer != goenv.Default && value.Origin.Layer != goenv.Delve {
			return true
		}
	}
	return false
}

// origin is a layer with its name and place, and whose word it is where nobody has looked.
func origin(o Origin) string {
	words := o.Layer
	if o.Name != "" {
		words += " " + o.Name
	}
	if o.Known() {
		words += ", " + o.Place.String()
	}
	if o.Locked != "" {
		words += "; " + o.Locked
	}
	if o.Assumed != "" {
		words += "; assumed from " + o.Assumed
	}
	return clean(words)
}

func shown(value string) string {
	if value == "" {
		return `""`
	}
	return value
}
