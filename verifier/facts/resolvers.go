package facts

import (
	"slices"
	"strings"
)

// Resolution is what the two resolvers of Go's net package make of the same names in one container: its own, and that of the C
// library, which programs that were built with cgo may use.
type Resolution struct {
	View    string         `json:"view"`
	Names   []ResolvedName `json:"names"`
	Hosts   string         `json:"hosts,omitempty"`   // the line hosts of nsswitch.conf
	Search  []string       `json:"search,omitempty"`  // domains of resolv.conf
	Options []string       `json:"options,omitempty"` // of resolv.conf
	Musl    bool           `json:"musl,omitempty"`    // the C library is musl, which reads no nsswitch.conf
}

// ResolvedName is a name with the answers of both.
type ResolvedName struct {
	Name  string `json:"name"`
	Go    Lookup `json:"go"`
	C     Lookup `json:"c"`
	Order string `json:"order,omitempty"` // what a program of this container does when nobody tells it: "files,dns" is Go's own, "cgo" that of the C library
}

// Lookup is the answer of one resolver.
type Lookup struct {
	Addresses []string `json:"addresses,omitempty"` // sorted
	Error     string   `json:"error,omitempty"`
	Missing   bool     `json:"missing,omitempty"` // it says that there is no such name; other errors say nothing about the name
}

// Differs tells whether a program would meet another host, or none, with the other resolver. The C library gives IPv6 addresses
// where the machine has some, so that they alone make no difference.
func (n ResolvedName) Differs() bool {
	switch {
	case n.Go.Error != "" && !n.Go.Missing, n.C.Error != "" && !n.C.Missing:
		return false // a server that does not answer says nothing
	case n.Go.Missing || n.C.Missing:
		return n.Go.Missing != n.C.Missing
	}
	one, other := ipv4(n.Go.Addresses), ipv4(n.C.Addresses)
	if len(one) == 0 && len(other) == 0 {
		return !slices.Equal(n.Go.Addresses, n.C.Addresses)
	}
	return !slices.Equal(one, other)
}

func ipv4(addresses []string) []string {
	return slices.DeleteFunc(slices.Clone(addresses), func(address string) bool { return strings.Contains(address, ":") })
}
