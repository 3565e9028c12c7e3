package checks

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
)

var cgoDNS = check.Check{
	Code: "DV802", Name: "cgo-dns", Severity: finding.Warning, Scope: "P", Hard: true,
	Summary: "the pure Go resolver and that of the C library answer differently in this container",
	Needs:   []facts.Need{facts.Resolvers, facts.GoCommands},
	Run: func(p *check.Pass) {
		resolvers, ok := p.Resolvers.Get()
		switch {
		case !ok && p.Resolvers.IsFailed():
			p.Break("%s", p.Resolvers.Why())
			return
		case !ok:
			p.Skip("%s", p.Resolvers.Why())
			return
		}
		for _, name := range resolvers.Names {
			if !name.Differs() {
				continue
			}
			usual := "Go's own"
			if strings.HasPrefix(name.Order, "cgo") {
				usual = "the C library's"
			}
			p.Report(finding.Finding{
				Message: fmt.Sprintf("%s is %s for Go's own resolver, and %s for the C library's", name.Name, answered(name.Go), answered(name.C)),
				Cause:   whyResolversDiffer(resolvers) + "; a program that is built here with cgo takes " + usual + " when nobody tells it, one without cgo always Go's own",
				Evidence: map[string]string{
					"view": resolvers.View, "nsswitch hosts": resolvers.Hosts, "search": strings.Join(resolvers.Search, " "),
					"options": strings.Join(resolvers.Options, " "), "order": name.Order,
				},
				Upstream: []string{cmp.Or(name.Go.Error, name.C.Error, "dial tcp: lookup "+name.Name+": no such host")},
				Fixes: []finding.Fix{
					{Message: `make the name known to both: "runArgs": ["--add-host=` + name.Name + `:ADDRESS"], or extra_hosts of the compose service`},
					{Message: `or let every program use one of them: "containerEnv": {"GODEBUG": "netdns=go"}`},
				},
			}, name.Name)
		}
	},
}

func answered(answer facts.Lookup) string {
	if answer.Missing {
		return "no such host"
	}
	return list(answer.Addresses)
}

// whyResolversDiffer names what of the container's files only one of them follows, as far as that can be told.
func whyResolversDiffer(resolvers facts.Resolution) string {
	var foreign []string
	for _, word := range strings.Fields(resolvers.Hosts) {
		if word != "files" && word != "dns" && !strings.HasPrefix(word, "[") {
			foreign = append(foreign, word)
		}
	}
	switch {
	case resolvers.Musl:
		return "the C library is musl: it reads no nsswitch.conf, and asks all servers of resolv.conf at once"
	case len(foreign) > 0:
		return "nsswitch.conf names " + list(foreign) + ", which only the C library knows"
	case len(resolvers.Search) > 0:
		return "resolv.conf has search domains, which the two try in another order"
	}
	return "the two read /etc/hosts, nsswitch.conf and resolv.conf each in its own way"
}
