package knowledge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDelveOf(t *testing.T) {
	for _, test := range []struct {
		version string
		want    Delve
	}{
		{"v1.27.1", Delve{"v1.27.1", "1.25", "1.27"}},
		{"v1.25.0", Delve{"v1.25.0", "1.21", "1.24"}},
		{"v1.25.1", Delve{"v1.25.1", "1.22", "1.25"}},
		{"1.25.1", Delve{"1.25.1", "1.22", "1.25"}},
		{"v1.27.9", Delve{"v1.27.9", "1.25", "1.27"}}, // a patch of the newest keeps its window
		// What go install writes into a Delve of a commit, and go build where a file was changed: between two releases.
		{"v1.25.1-0.20250801120000-0123456789ab", Delve{"v1.25.1-0.20250801120000-0123456789ab", "1.21", "1.24"}},
		{"v1.26.3+dirty", Delve{"v1.26.3+dirty", "1.24", "1.26"}},
		{"v1.27.3-0.20261101120000-0123456789ab+dirty", Delve{"v1.27.3-0.20261101120000-0123456789ab+dirty", "1.25", "1.27"}},
		{"v1.9.0", Delve{"v1.9.0", "1.16", "1.19"}},
		{"v1.10.0", Delve{"v1.10.0", "1.17", "1.19"}}, // never released: 1.20 came after 1.9
		{"v1.25", Delve{"v1.25.2", "1.22", "1.25"}},
		{"v1.4", Delve{"v1.4.1", "1.12", "1.14"}},
		{"v1", Delve{"v1.27.2", "1.25", "1.27"}},
		{"v1.28.0", Delve{}},
		{"v1.28.0-rc1", Delve{}},
		{"v1.28", Delve{}},
		{"v2.0.0", Delve{}},
		{"v9.0.0", Delve{}},
		{"v1.2.0", Delve{}},
		{"v1.3.0-rc.1", Delve{}},
		{"(devel)", Delve{}},
		{"master", Delve{}},
		{"latest", Delve{}},
		{"", Delve{}},
	} {
		got, ok := DelveOf(test.version)
		if diff := cmp.Diff(test.want, got); diff != "" || ok != (test.want != Delve{}) {
			t.Errorf("%s: %t, -want +got:\n%s", test.version, ok, diff)
		}
	}
}

func TestDelveFor(t *testing.T) {
	for _, test := range []struct{ goVersion, want string }{
		{"1.9", ""}, {"1.10", "v1.3.1"}, {"1.11", "v1.4.0"}, {"1.12", "v1.5.0"}, {"1.13", "v1.6.0"}, {"1.14", "v1.6.1"}, {"1.15", "v1.7.3"},
		{"1.16", "v1.9.0"}, {"1.17", "v1.9.1"}, {"1.18", "v1.21.0"}, {"1.19", "v1.22.1"}, {"1.20", "v1.22.1"}, {"1.21", "v1.25.0"},
		{"1.22", "v1.25.2"}, {"1.23", "v1.25.2"}, {"1.24", "v1.26.3"}, {"1.25", "v1.27.2"}, {"1.26", "v1.27.2"}, {"1.27", "v1.27.2"}, {"1.28", ""},
		{"go1.24.9", "v1.26.3"}, {"go1.27rc1", "v1.27.2"}, {"devel", ""}, {"", ""},
	} {
		if got, ok := DelveFor(test.goVersion); got.Version != test.want || ok != (test.want != "") {
			t.Errorf("Go %s: %+v, %t; want %q", test.goVersion, got, ok, test.want)
		}
	}
	if got := NewestDelve().Version; got != "v1.27.2" {
		t.Errorf("the newest is %s", got)
	}
}
