package delve

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-delve/delve/service/api"
)

// readLocals makes sure that variables have their values. Nothing less tells a working debugger from one that was
// built with too old a Go: that one attaches, stops, unwinds, and shows variables without values, and no error.
func (s *session) readLocals(goroutine int64, want map[string]string) error {
	return s.step("locals", s.limits.step, func() (string, error) {
		scope := api.EvalScope{GoroutineID: goroutine}
		load := api.LoadConfig{FollowPointers: true, MaxVariableRecurse: 1, MaxStringLen: 256, MaxArrayValues: 64, MaxStructFields: -1}
		variables, err := s.client.ListFunctionArgs(scope, load)
		if err != nil {
			return "", err
		}
		locals, err := s.client.ListLocalVariables(scope, load)
		if err != nil {
			return "", err
		}
		return compare(append(variables, locals...), want)
	})
}

func compare(variables []api.Variable, want map[string]string) (string, error) {
	got := map[string]string{}
	empty := true
	for _, v := range variables {
		if v.Value == "" && v.Unreadable == "" && len(v.Children) == 0 {
			continue // a name without a value; it may also be an empty text, which looks the same in the end
		}
		empty = false
		got[v.Name] = v.SinglelineString()
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		value, ok := got[name]
		if !ok {
			value = `""`
		}
		if value != want[name] {
			text := fmt.Sprintf("local %q is %s instead of %s", name, value, want[name])
			if empty {
				text += ": the locals are empty"
			}
			return "", wrong(text)
		}
		all = append(all, name+"="+value)
	}
	return strings.Join(all, " "), nil
}
