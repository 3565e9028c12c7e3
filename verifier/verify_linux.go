package verifier

import (
	"context"
	"errors"
	"time"

	"github.com/dcverify/dcverify/verifier/checks"
	"github.com/dcverify/dcverify/verifier/gather"
	"github.com/dcverify/dcverify/verifier/machine"
	"github.com/dcverify/dcverify/verifier/report"
)

// Verify verifies the container or machine that it runs in. The report holds whatever was learned before the deadline or
// an interruption; an error means that nothing could be learned at all.
func Verify(ctx context.Context, look gather.Options, options Options) (result report.Report, err error) {
	started := time.Now()
	m, err := machine.Open(look.Environ)
	if err != nil {
		return report.Report{}, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	deadline, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	look.Needs = checks.Needs(options.Checks)
	snapshot := gather.Take(deadline, m, look)
	return judge(snapshot, options, started, interrupted(deadline, options)), nil
}
