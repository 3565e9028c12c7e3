package main

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcverify/dcverify/verifier/gather"
)

// tryTimeout is what every further try of all proofs may take more than the first, which has compiled everything.
const tryTimeout = 30 * time.Second

// debugging is the flags of debug.
type debugging struct {
	pid     int
	connect string
	repeat  int
}

func newDebug(sys system) *cobra.Command {
	var h here
	var d debugging
	cmd := &cobra.Command{
		Use:   "debug",
		Short: "Prove the debugger alone; --pid attaches to a process of yours",
		Long: `debug asks only what has to do with the debugger. With --pid it attaches to that process, which stops for a
moment and then goes on; nothing is changed in it. With --connect it asks a running headless Delve what it is and
whether an editor can use it, and leaves what is debugged there as it is: a server that takes one client only is
looked at from outside, because it would end with its client. With --repeat every proof is made that often, and the
report says how often it passed and how long its steps took.`,
		Example: "  dcverify debug\n  dcverify debug --repeat 20\n  dcverify debug --pid 4711\n  dcverify debug --connect 127.0.0.1:2345",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := d.check(cmd); err != nil {
				return err
			}
			if len(h.only) == 0 {
				h.only = d.checks()
			}
			selected, err := h.selected("CP")
			if err != nil {
				return err
			}
			if !cmd.Flags().Changed("timeout") {
				h.timeout += time.Duration(d.repeat-1) * tryTimeout
			}
			return h.verify(cmd.Context(), sys, selected, func(look *gather.Options) {
				look.AttachTo, look.ConnectTo, look.Repeat = d.pid, d.connect, d.repeat
			})
		},
	}
	cmd.Flags().IntVar(&d.pid, "pid", 0, "attach to this process instead of one of dcverify's own")
	cmd.Flags().StringVar(&d.connect, "connect", "", "ask the Delve that listens at `HOST:PORT`, instead of making proofs")
	cmd.Flags().IntVar(&d.repeat, "repeat", 1, "make every proof `N` times")
	h.registerHere(cmd)
	h.register(cmd, runTimeout)
	return cmd
}

func (d *debugging) check(cmd *cobra.Command) error {
	switch {
	case cmd.Flags().Changed("pid") && d.pid <= 0:
		return fmt.Errorf("--pid wants the number of a process, not %d", d.pid)
	case d.repeat < 1:
		return fmt.Errorf("--repeat wants how often, from 1 on, not %d", d.repeat)
	case d.pid != 0 && d.connect != "":
		return errors.New("--pid and --connect are two questions: ask one of them")
	case cmd.Flags().Changed("connect"):
		_, port, err := net.SplitHostPort(d.connect)
		if err != nil || port == "" {
			return fmt.Errorf("--connect wants HOST:PORT, not %q", d.connect)
		}
		if _, err := net.LookupPort("tcp", port); err != nil {
			return fmt.Errorf("--connect wants a port that there is, not %q", port)
		}
	}
	return nil
}

// checks are those that have to do with what is asked.
func (d *debugging) checks() []string {
	switch {
	case d.connect != "":
		return []string{"DV605"}
	case d.pid != 0:
		return []string{"DV601", "DV603", "DV605", "DV905"} // launching says nothing of a process that runs
	}
	return []string{"DV306", "DV601", "DV602", "DV603", "DV604", "DV605", "DV606", "DV607", "DV608", "DV609", "DV610", "DV905"}
}
