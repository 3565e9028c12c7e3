package main

import (
	"github.com/spf13/cobra"
)

// here is what the commands share that look at the container or machine they run in.
type here struct {
	flags
	workspace string
	from      string
	online    bool
}

func (h *here) registerHere(cmd *cobra.Command) {
	cmd.Flags().StringVar(&h.workspace, "workspace", ".", "folder of the project")
	cmd.Flags().StringVar(&h.from, "from", "", "the view that dcverify was started in: remote (lifecycle command, devcontainer exec) or container (docker exec); found out when empty")
	cmd.Flags().BoolVar(&h.online, "online", false, "let the go command use the network")
}
