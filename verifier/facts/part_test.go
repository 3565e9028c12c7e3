package facts

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPart(t *testing.T) {
	for name, test := range map[string]struct {
		part   Part[int]
		value  int
		known  bool
		why    string
		failed bool
		json   string
	}{
		"known":              {Known(7), 7, true, "", false, `{"known":7}`},
		"known zero":         {Known(0), 0, true, "", false, `{"known":0}`},
		"absent":             {Absent[int]("no Go"), 0, false, "no Go", false, `{"absent":"no Go"}`},
		"failed":             {Failed[int]("denied"), 0, false, "denied", true, `{"failed":"denied"}`},
		"the zero value":     {Part[int]{}, 0, false, "not gathered", false, `{"absent":"not gathered"}`},
		"failed, but no why": {Failed[int](""), 0, false, "for no known reason", true, `{"failed":"for no known reason"}`},
	} {
		t.Run(name, func(t *testing.T) {
			value, known := test.part.Get()
			if value != test.value || known != test.known || test.part.Why() != test.why || test.part.IsFailed() != test.failed {
				t.Errorf("got %d, known %v, why %q, failed %v", value, known, test.part.Why(), test.part.IsFailed())
			}
			text, err := json.Marshal(test.part)
			if err != nil || string(text) != test.json {
				t.Fatalf("JSON %s, %v; want %s", text, err, test.json)
			}
			var again Part[int]
			if err := json.Unmarshal(text, &again); err != nil {
				t.Fatal(err)
			}
			value, known = again.Get()
			if value != test.value || known != test.known || again.Why() != test.why || again.IsFailed() != test.failed {
				t.Errorf("and back: %d, known %v, why %q, failed %v", value, known, again.Why(), again.IsFailed())
			}
		})
	}
}

// What is known to be empty is not the same as what nobody knows.
func TestPartKnownEmpty(t *testing.T) {
	for name, part := range map[string]Part[[]int]{"nil": Known[[]int](nil), "empty": Known([]int{})} {
		text, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		var again Part[[]int]
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		before, _ := part.Get()
		if got, known := again.Get(); !known || !reflect.DeepEqual(before, got) {
			t.Errorf("%s, as %s: %#v, known %v", name, text, got, known)
		}
	}
}

func TestPartRefuses(t *testing.T) {
	for _, text := range []string{
		`{"known":1,"absent":"x"}`, `{"known":1,"failed":"x"}`, `{"absent":"x","failed":"y"}`, `{"known":1,"absent":""}`,
		`{"known":"text"}`, `{"absent":1}`, `{"failed":{}}`, `{"unknown":"x"}`, `{"Known":1}`, `[]`, `7`, `"known"`,
	} {
		part := Known(7)
		if err := json.Unmarshal([]byte(text), &part); err == nil {
			t.Errorf("%s was taken for %+v", text, part)
		}
		if diff := cmp.Diff(Known(7), part, cmp.AllowUnexported(part)); diff != "" {
			t.Errorf("%s was refused, and left something behind:\n%s", text, diff)
		}
	}
}

// Nothing said is absent: a snapshot of an older dcverify lacks what was not asked for then.
func TestPartOfNothing(t *testing.T) {
	for _, text := range []string{`{}`, `null`} {
		var part Part[int]
		if err := json.Unmarshal([]byte(text), &part); err != nil || part.Why() != "not gathered" || part.IsFailed() {
			t.Errorf("%s: %+v, %v", text, part, err)
		}
	}
}

func FuzzPart(f *testing.F) {
	for _, text := range []string{`{"known":["a"]}`, `{"known":null}`, `{"absent":"x"}`, `{"failed":"\u0000"}`, `{"absent":"x","failed":"y"}`, `{}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var part Part[[]string]
		if json.Unmarshal([]byte(text), &part) != nil {
			return
		}
		first, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		var again Part[[]string]
		if err := json.Unmarshal(first, &again); err != nil {
			t.Fatalf("%s was written and is refused: %v", first, err)
		}
		if a, b := fmt.Sprintf("%#v %v", part.value, part.state), fmt.Sprintf("%#v %v", again.value, again.state); a != b || part.Why() != again.Why() {
			t.Errorf("%s became %s (%q and %q)", a, b, part.Why(), again.Why())
		}
	})
}
