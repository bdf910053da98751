package main

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/work/shell"
	"github.com/berth-project/berth/workflow/machine"
)

// executorFlags say what steps may do that this process executes.
type executorFlags struct {
	types           []string
	shell           bool
	jq              time.Duration
	hosts, networks []string
	ca              string
	secrets         string
}

func (f *executorFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVar(&f.types, "type", nil, "execute steps of a type, `NAME=COMMAND`, with /bin/sh -c in this directory; the step's \"with\" is its input; may be repeated")
	fs.BoolVar(&f.shell, "allow-shell", false, "let documents run any command as this user: for your own documents only")
	fs.DurationVar(&f.jq, "allow-jq", 0, "let transforms use jq, for at most this `TIME` each, such as 1s; nothing bounds its memory: for documents you trust only")
	fs.StringSliceVar(&f.hosts, "allow-host", nil, "`HOST`s that http steps and webhooks may call: api.example.org, *.example.org, or * for all")
	fs.StringSliceVar(&f.networks, "allow-network", nil, "private `NETWORK`s they may reach, such as 10.1.0.0/16")
	fs.StringVar(&f.ca, "ca", "", "a `FILE` of certificates, PEM, that such calls trust besides those of the system")
	fs.StringVar(&f.secrets, "secrets", "", "a `FILE` with the secrets that may be named, each with the tenants that may use it and the hosts it may be sent to")
}

// options adds what the flags allow.
func (f *executorFlags) options(c *cli, o *workflows.Options) error {
	for _, text := range f.networks {
		n, err := netip.ParsePrefix(text)
		if err != nil {
			return usageError{fmt.Errorf("--allow-network %q: ADDRESS/BITS, such as 10.1.0.0/16", text)}
		}
		o.HTTP.Networks = append(o.HTTP.Networks, n)
	}
	o.HTTP.Hosts = f.hosts
	if f.ca != "" {
		trust, err := workflows.ReadCA(f.ca)
		if err != nil {
			return usageError{fmt.Errorf("--ca: %w", err)}
		}
		o.HTTP.TLS = trust
	}
	o.Webhook.Hosts, o.Webhook.Networks, o.Webhook.TLS = o.HTTP.Hosts, o.HTTP.Networks, o.HTTP.TLS
	if o.JQ = f.jq; f.jq < 0 {
		return usageError{fmt.Errorf("--allow-jq %v: a time such as 1s", f.jq)}
	}
	if f.secrets != "" {
		all, err := workflows.ReadSecrets(f.secrets)
		if err != nil {
			return usageError{fmt.Errorf("--secrets: %w", err)}
		}
		o.Secrets = workflows.NewSecrets(all)
	}
	return f.programs(c, &o.Shell)
}

func (f *executorFlags) programs(c *cli, o *shell.Options) error {
	here, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("where commands work: %w", err)
	}
	o.Path = c.getenv("PATH")
	if f.shell {
		o.Shell = &shell.Shell{Variables: []string{"*"}, Directories: []string{here}}
	}
	for _, text := range f.types {
		name, command, ok := strings.Cut(text, "=")
		if !ok || name == "" || strings.TrimSpace(command) == "" {
			return usageError{fmt.Errorf("--type %q: NAME=COMMAND", text)}
		}
		if o.Commands == nil {
			o.Commands = map[string]shell.Command{}
		}
		if name == machine.TypeWait || name == machine.TypeWorkflow {
			return usageError{fmt.Errorf("--type %s: steps of this type are the engine's own; choose another name", name)}
		}
		if _, twice := o.Commands[name]; twice {
			return usageError{fmt.Errorf("--type %s is given twice", name)}
		}
		o.Commands[name] = shell.Command{Argv: []string{command}, Script: true, Directory: here}
	}
	if err := o.Validate(); err != nil {
		return usageError{err}
	}
	return nil
}
