package facts

import "testing"

func TestDiffers(t *testing.T) {
	found := func(addresses ...string) Lookup { return Lookup{Addresses: addresses} }
	missing, late := Lookup{Error: "no such host", Missing: true}, Lookup{Error: "i/o timeout"}
	for name, test := range map[string]struct {
		one, other Lookup
		want       bool
	}{
		"the same":            {found("10.0.0.1"), found("10.0.0.1"), false},
		"both find nothing":   {missing, missing, false},
		"one finds nothing":   {found("10.0.0.1"), missing, true},
		"one gets no answer":  {late, found("10.0.0.1"), false},
		"one misses, one too": {late, missing, false},
		"IPv6 beside":         {found("10.0.0.1", "fd00::1"), found("10.0.0.1"), false},
		"another address":     {found("10.0.0.1"), found("10.0.0.2"), true},
		"one more":            {found("10.0.0.1"), found("10.0.0.1", "10.0.0.2"), true},
		"IPv6 alone":          {found("fd00::1"), found("fd00::2"), true},
		"IPv6 against IPv4":   {found("fd00::1"), found("10.0.0.2"), true},
	} {
		for _, n := range []ResolvedName{{Go: test.one, C: test.other}, {Go: test.other, C: test.one}} {
			if got := n.Differs(); got != test.want {
				t.Errorf("%s: %t", name, got)
			}
		}
	}
}
