package finding

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

// sealed is a finding whose only subject is its name here.
func sealed(f Finding, subject string) Finding {
	f.Seal(subject)
	return f
}

func TestSort(t *testing.T) {
	at := func(file string, line, column int) source.Place {
		return source.Place{File: file, Line: line, Column: column}
	}
	// In the order in which they must come out.
	want := []Finding{
		sealed(Finding{Severity: Error, Code: "DV101", Location: at("a", 9, 9), Message: "z"}, "1"),
		sealed(Finding{Severity: Error, Code: "DV102", Location: at("", 0, 0), Message: "z"}, "2"),
		sealed(Finding{Severity: Error, Code: "DV102", Location: at("a", 1, 9), Message: "z"}, "3"),
		sealed(Finding{Severity: Error, Code: "DV102", Location: at("a", 2, 1), Message: "z"}, "4"),
		sealed(Finding{Severity: Error, Code: "DV102", Location: at("a", 10, 1), Message: "z"}, "5"),
		sealed(Finding{Severity: Error, Code: "DV102", Location: at("a", 10, 2), Message: "y"}, "6"),
		sealed(Finding{Severity: Error, Code: "DV102", Location: at("a", 10, 2), Message: "z"}, "7"),
		sealed(Finding{Severity: Error, Code: "DV102", Location: at("b", 1, 1), Message: "a"}, "8"),
		sealed(Finding{Severity: Warning, Code: "DV100", Message: "a"}, "9"),
		sealed(Finding{Severity: Info, Code: "DV099", Message: "a"}, "10"),
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		got := slices.Clone(want)
		random.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		if diff := cmp.Diff(want, Sort(got)); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	}
	if got := Sort(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// Equal findings tell themselves apart by nothing but the fingerprint; the order must be the same even then.
func TestSortByFingerprint(t *testing.T) {
	a, b := sealed(Finding{Severity: Error, Code: "DV101", Message: "m"}, "a"), sealed(Finding{Severity: Error, Code: "DV101", Message: "m"}, "b")
	if diff := cmp.Diff(Sort([]Finding{a, b}), Sort([]Finding{b, a})); diff != "" {
		t.Error(diff)
	}
}

func TestSortDropsDuplicates(t *testing.T) {
	for name, test := range map[string]struct{ findings, want []Finding }{
		"side by side": {
			[]Finding{sealed(Finding{Code: "A", Severity: Error, Message: "m"}, "x"), sealed(Finding{Code: "A", Severity: Error, Message: "m"}, "x")},
			[]Finding{sealed(Finding{Code: "A", Severity: Error, Message: "m"}, "x")},
		},
		// The other one stands between the two that are the same.
		"far apart": {
			[]Finding{
				sealed(Finding{Code: "A", Severity: Error, Message: "3"}, "x"),
				sealed(Finding{Code: "A", Severity: Error, Message: "2"}, "y"),
				sealed(Finding{Code: "A", Severity: Error, Message: "1"}, "x"),
			},
			[]Finding{
				sealed(Finding{Code: "A", Severity: Error, Message: "1"}, "x"),
				sealed(Finding{Code: "A", Severity: Error, Message: "2"}, "y"),
			},
		},
		"the worst stays": {
			[]Finding{sealed(Finding{Code: "A", Severity: Info}, "x"), sealed(Finding{Code: "B", Severity: Warning}, "x"), sealed(Finding{Code: "A", Severity: Error}, "x")},
			[]Finding{sealed(Finding{Code: "A", Severity: Error}, "x"), sealed(Finding{Code: "B", Severity: Warning}, "x")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Sort(test.findings)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSeal(t *testing.T) {
	base := sealed(Finding{Code: "DV101"}, "GOROOT")
	if len(base.Fingerprint) != 16 {
		t.Errorf("fingerprint %q", base.Fingerprint)
	}
	// What a person edits above a defect, and better words in a later release, do not make it a new one.
	same := sealed(Finding{
		Code: "DV101", Name: "other", Severity: Info, Message: "other", Cause: "other", Fingerprint: "other",
		Location: source.Place{File: "f", Line: 7}, Evidence: map[string]string{"a": "b"},
	}, "GOROOT")
	if same.Fingerprint != base.Fingerprint {
		t.Error("the fingerprint depends on more than code and subjects")
	}
	fingerprints := map[string]string{base.Fingerprint: "base"}
	for name, f := range map[string]func() Finding{
		"code":     func() Finding { return sealed(Finding{Code: "DV102"}, "GOROOT") },
		"subject":  func() Finding { return sealed(Finding{Code: "DV101"}, "GOPATH") },
		"subjects": func() Finding { f := Finding{Code: "DV101"}; f.Seal("GO", "ROOT"); return f },
		"order":    func() Finding { f := Finding{Code: "DV101"}; f.Seal("ROOT", "GO"); return f },
		"none":     func() Finding { f := Finding{Code: "DV101"}; f.Seal(); return f },
	} {
		fingerprint := f().Fingerprint
		if other, twice := fingerprints[fingerprint]; twice {
			t.Errorf("%s has the fingerprint of %s", name, other)
		}
		fingerprints[fingerprint] = name
	}
}

func TestRank(t *testing.T) {
	if Error.Rank() >= Warning.Rank() || Warning.Rank() >= Info.Rank() {
		t.Errorf("error %d, warning %d, info %d", Error.Rank(), Warning.Rank(), Info.Rank())
	}
}

func TestString(t *testing.T) {
	f := Finding{Severity: Error, Code: "DV101", Message: "no go", Location: source.Place{File: "f", Line: 1, Column: 2}}
	if got, want := f.String(), "error DV101 f:1:2: no go"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
