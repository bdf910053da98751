package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

func (c *cli) iamCommand() *cobra.Command {
	return noun("iam", "IAM policies: explain, lint, generate and compare them",
		c.iamSimulateCommand(), c.iamEvaluateCommand(), c.iamLintCommand(), c.iamFormatCommand(),
		c.iamGenerateCommand(), c.iamTrustCommand(), c.iamNeedsCommand(), c.iamActionCommand(),
		c.iamAssumeCommand(), c.iamProbeCommand(), c.iamSAMLExplainCommand(), c.iamSAMLRolesCommand(), c.iamCodesCommand(),
		c.iamWhoCanCommand(), c.iamCanCommand(), c.iamDiffCommand(), c.iamMinimiseCommand(),
	)
}

// stdinName is what messages call standard input.
const stdinName = "standard input"

// readInput reads a file, or standard input for "-". The name it returns is
// what messages call it.
func (c *cli) readInput(path string, limit int64) (name string, data []byte, err error) {
	if path == "-" {
		data, err = readAtMost(c.stdin, limit)
		if err != nil {
			err = fmt.Errorf(stdinName+": %w", err)
		}
		return stdinName, data, err
	}
	f, err := os.Open(path)
	if err != nil {
		return path, nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return path, nil, fmt.Errorf("%s is a directory, not a file", path)
	}
	if data, err = readAtMost(f, limit); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return path, data, err
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it is larger than %d bytes", limit)
	}
	return data, err
}
