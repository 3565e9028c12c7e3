package dockerfile

import (
	"maps"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/source"
)

// environment is the Env of an image's configuration while it grows.
type environment struct {
	list    []entry
	at      map[string]int
	history int // of all entries
}

type entry struct {
	name    string
	value   value
	place   source.Place
	history []Setting // the earliest first
}

// newEnvironment reads the Env of a base.
func newEnvironment(list []string) environment {
	e := environment{at: map[string]int{}}
	for _, text := range list {
		name, text, _ := strings.Cut(text, "=")
		if _, twice := e.at[name]; !twice { // an instruction changes the first
			e.at[name] = len(e.list)
		}
		e.list = append(e.list, entry{name: name, value: value{text: text}})
	}
	return e
}

// clone is for a stage that goes on from another. Several may, so none of them may append to the history they share.
func (e environment) clone() environment {
	e.list, e.at = slices.Clone(e.list), maps.Clone(e.at)
	for i := range e.list {
		e.list[i].history = slices.Clip(e.list[i].history)
	}
	return e
}

func (e environment) has(name string) bool {
	_, ok := e.at[name]
	return ok
}

// set keeps the position of a variable that is there already, as both builders do.
func (e *environment) set(name string, v value, place source.Place) {
	at, ok := e.at[name]
	if !ok {
		e.at[name] = len(e.list)
		e.list = append(e.list, entry{name: name, value: v, place: place})
		return
	}
	old := &e.list[at]
	old.history = append(old.history, Setting{Value: old.value.text, Place: old.place})
	old.value, old.place = v, place
	e.history++
}

func (e environment) variables() []Variable {
	if len(e.list) == 0 {
		return nil
	}
	result := make([]Variable, len(e.list))
	for i, v := range e.list {
		result[i] = Variable{Name: v.name, Value: v.value.text, Place: v.place, Unknown: v.value.unknown}
		if len(v.history) > 0 {
			result[i].Shadows = slices.Clone(v.history)
			slices.Reverse(result[i].Shadows)
		}
	}
	return result
}
