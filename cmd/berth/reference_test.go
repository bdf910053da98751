package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "rewrite the generated reference")

// TestCLIReference keeps docs/cli.md what the commands say of themselves.
func TestCLIReference(t *testing.T) {
	const path = "../../docs/cli.md"
	want := cliReference()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/cli.md is not what the commands say; run make generate")
	}
}

func cliReference() []byte {
	var b bytes.Buffer
	b.WriteString("# Commands\n\nGenerated from the commands themselves; `make generate` rewrites it.\n\n" +
		"Data goes to stdout, talk to stderr. Exit status: 0 done, 1 failure, 2 a mistake in the command line; " +
		"`berth exec` and `berth run` pass on the status of what they ran (128 + n when a signal ended it).\n")
	writeCommand(&b, (&cli{}).root())
	return b.Bytes()
}

func writeCommand(b *bytes.Buffer, cmd *cobra.Command) {
	if cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion" {
		return
	}
	if cmd.Runnable() && cmd.HasParent() && !cmd.HasSubCommands() {
		fmt.Fprintf(b, "\n## %s\n\n%s\n", cmd.CommandPath(), sentence(cmd.Short))
		if cmd.Long != "" {
			fmt.Fprintf(b, "\n%s\n", cmd.Long)
		}
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", strings.TrimSpace(cmd.Example))
		writeUsage(b, cmd)
	}
	for _, sub := range cmd.Commands() {
		writeCommand(b, sub)
	}
}

func writeUsage(b *bytes.Buffer, cmd *cobra.Command) {
	fmt.Fprintf(b, "\nUsage: `%s`\n", cmd.UseLine())
	header := "\n| flag | meaning | default |\n|---|---|---|\n"
	cmd.InheritedFlags().AddFlagSet(cmd.LocalFlags())
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { writeFlag(b, f, &header) })
	cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) {
		if cmd.LocalFlags().Lookup(f.Name) == nil {
			writeFlag(b, f, &header)
		}
	})
}

func writeFlag(b *bytes.Buffer, f *pflag.Flag, header *string) {
	if f.Name == "help" {
		return
	}
	b.WriteString(*header)
	*header = ""
	kind, usage := pflag.UnquoteUsage(f)
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	name = "`" + strings.TrimSpace(name+" "+kind) + "`"
	def := ""
	if f.DefValue != "" && f.DefValue != "false" {
		def = "`" + f.DefValue + "`"
	}
	fmt.Fprintf(b, "| %s | %s | %s |\n", name, strings.ReplaceAll(usage, "|", `\|`), def)
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }

// TestEveryCommandShowsAnExample holds the help to its promise.
func TestEveryCommandShowsAnExample(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Name() == "completion" || cmd.Name() == "help" {
			return
		}
		if cmd.Runnable() && !cmd.HasSubCommands() && !strings.Contains(cmd.Example, "berth") {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit((&cli{}).root())
}
