package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/work/client"
)

// The variables that say which engine is spoken to, and as whom: first those
// that processes of a service have, then those of workers elsewhere.
const (
	serverVariable = "BERTH_WORK_URL"
	serverOther    = "BERTH_SERVER"
	keyVariable    = "BERTH_WORK_KEY"
	keyOther       = "BERTH_KEY"
	defaultServer  = "http://127.0.0.1:7070"
)

// keyPrefix is what every API key begins with.
const keyPrefix = "berth_"

// engineCommand is a command that asks something of an engine.
type engineCommand struct {
	use, short, long, example string
	args                      cobra.PositionalArgs
	complete                  cobra.CompletionFunc
	run                       func(ctx context.Context, e *client.Client, args []string) error
}

// onEngine makes a command of it.
func (c *cli) onEngine(ec engineCommand) *cobra.Command {
	cmd := &cobra.Command{
		Use: ec.use, Short: ec.short, Long: ec.long, Example: ec.example, Args: ec.args, ValidArgsFunction: ec.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := c.engine()
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			err = c.engineError(ec.run(ctx, e, args))
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				return childStatus{code: 130, err: errors.New("interrupted")}
			}
			return err
		},
	}
	c.engineFlags(cmd)
	return cmd
}

func (c *cli) engineFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.server, "server", "", "the `URL` of the engine (default $"+serverVariable+" or $"+serverOther+", else "+defaultServer+")")
	cmd.Flags().StringVar(&c.keyFile, "key-file", "", "the `FILE` with the API key (default $"+keyVariable+" or $"+keyOther+")")
	c.jsonFlag(cmd)
}

func (c *cli) engineURL() string {
	return cmp.Or(c.server, c.getenv(serverVariable), c.getenv(serverOther), defaultServer)
}

// engine is a client of the engine that the flags and variables name.
func (c *cli) engine() (*client.Client, error) {
	key := c.getenv(keyVariable)
	// Programs of steps find their idempotency key in the same variable.
	if other := c.getenv(keyOther); key == "" && strings.HasPrefix(other, keyPrefix) {
		key = other
	}
	if c.keyFile != "" {
		text, err := readBounded(c.keyFile, 4096)
		if err != nil {
			return nil, fmt.Errorf("--key-file: %w", err)
		}
		key = string(text)
	}
	key = strings.TrimSpace(key)
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the API key has characters that no key has: one line, as it was printed when it was made")
	}
	e, err := client.New(c.engineURL(), key)
	if err != nil {
		return nil, usageError{fmt.Errorf("--server or $%s: %w", serverVariable, err)}
	}
	return e, nil
}

// readBounded reads a file that may have so many bytes at most.
func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was read
	return boundedText(f, path, most)
}

func boundedText(r io.Reader, name string, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if _, named := errors.AsType[*fs.PathError](err); named {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, most)
	}
	return text, nil
}

// engineError adds to what an engine, or the way to it, answered what to do
// about it.
func (c *cli) engineError(err error) error {
	var answered *client.Error
	var dial *net.OpError
	switch {
	case errors.As(err, &answered) && answered.Status == http.StatusUnauthorized:
		return fmt.Errorf("%w (this is sent: --key-file FILE, or $%s)", err, keyVariable)
	case errors.As(err, &answered) && answered.Status == http.StatusNotFound && answered.Detail == "404 Not Found":
		return fmt.Errorf("%s answers, and is no engine's API: %w", c.engineURL(), err)
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("no engine answers at %s: %w; \"berth workflow serve\" starts one, --server or $%s names another", c.engineURL(), dial.Err, serverVariable)
	}
	return err
}

// jsonArgument reads JSON that a person wrote: a text, @FILE, or - for
// standard input.
func (c *cli) jsonArgument(what, text string) (json.RawMessage, error) {
	data := []byte(text)
	switch {
	case text == "-":
		var err error
		if data, err = boundedText(c.stdin, "standard input", maxInput); err != nil {
			return nil, err
		}
	case strings.HasPrefix(text, "@"):
		var err error
		if data, err = readBounded(text[1:], maxInput); err != nil {
			return nil, err
		}
	}
	if data = bytes.TrimSpace(data); !json.Valid(data) {
		return nil, usageError{fmt.Errorf("%s: %.60q is no JSON; a text needs its quotes: '\"…\"'", what, data)}
	}
	return data, nil
}

// maxInput bounds what is read of a file or of standard input, in bytes.
const maxInput = 8 << 20
