package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/berth-project/berth/cmd/berth/internal/service"
	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/login/password"
	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/telemetry"
)

// onDirectory makes a command of what is done with the directory. Changes are
// noted under the name of the person who runs it.
func (c *cli) onDirectory(do func(ctx context.Context, store directory.Store, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		data, err := c.existingData()
		if err != nil {
			return err
		}
		store, err := service.OpenDirectory(data, telemetry.NewLogger(c.stderr, telemetry.LogConfig{}, nil))
		if err != nil {
			return err
		}
		err = do(directory.WithActor(cmd.Context(), actor()), store, args)
		return errors.Join(err, store.Close())
	}
}

// onUser makes a command of what is done with the user its first argument
// names.
func (c *cli) onUser(do func(ctx context.Context, store directory.Store, u directory.User, args []string) error) func(*cobra.Command, []string) error {
	return c.onDirectory(func(ctx context.Context, store directory.Store, args []string) error {
		u, err := findUser(ctx, store, args[0])
		if err != nil {
			return err
		}
		return do(ctx, store, u, args)
	})
}

// everyPage gathers a list that comes in pages.
func everyPage[T any](list func(directory.Page) ([]T, error), id func(T) string) ([]T, error) {
	var all []T
	for page := (directory.Page{Limit: 1000}); ; page.After = id(all[len(all)-1]) {
		some, err := list(page)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < page.Limit {
			return all, nil
		}
	}
}

func actor() string {
	if u, err := user.Current(); err == nil {
		return "cli:" + u.Username
	}
	return "cli"
}

// newPassword is the password the flags ask for; none when they ask for none.
func (c *cli) newPassword(fromStdin, generate bool) (secret.String, error) {
	switch {
	case generate:
		return secret.New(service.GeneratePassword()), nil
	case fromStdin:
		line, err := bufio.NewReader(io.LimitReader(c.stdin, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return secret.String{}, fmt.Errorf("read password: %w", err)
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return secret.String{}, errors.New("no password on standard input")
		}
		return secret.New(line), nil
	}
	return secret.String{}, nil
}

// askPassword is newPassword, and a prompt where the flags name no source.
func (c *cli) askPassword(fromStdin, generate bool) (secret.String, error) {
	if fromStdin || generate {
		return c.newPassword(fromStdin, generate)
	}
	f, ok := c.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return secret.String{}, usageError{errors.New("no terminal to ask for a password: use --password-stdin or --generate-password")}
	}
	first, err := c.prompt(f, "new password: ")
	if err != nil {
		return first, err
	}
	second, err := c.prompt(f, "once more: ")
	if err != nil {
		return second, err
	}
	if !first.Equal(second) {
		return secret.String{}, errors.New("the two passwords differ")
	}
	return first, nil
}

func (c *cli) prompt(f *os.File, text string) (secret.String, error) {
	fmt.Fprint(c.stderr, text)
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(c.stderr)
	if err != nil {
		return secret.String{}, fmt.Errorf("read password: %w", err)
	}
	return secret.New(string(b)), nil
}

// hashPassword is what to store of a password the policy takes.
func (c *cli) hashPassword(ctx context.Context, pw secret.String, email string) (secret.String, error) {
	policy, err := c.passwordPolicy()
	if err != nil {
		return secret.String{}, err
	}
	if err := policy.Check(pw, email); err != nil {
		return secret.String{}, err
	}
	hasher, err := password.NewHasher(password.Config{})
	if err != nil {
		return secret.String{}, err
	}
	return hasher.Hash(ctx, pw)
}

// passwordPolicy is the manifest's, and the default where there is none. One
// that cannot be read is an error: it may ask for more.
func (c *cli) passwordPolicy() (password.Policy, error) {
	file, err := manifestPath(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return password.Policy{}, nil
	}
	if err != nil {
		return password.Policy{}, err
	}
	m, err := c.load(file)
	if err != nil {
		return password.Policy{}, err
	}
	return password.Policy{MinCharacters: m.Login.Password.MinLength}, nil
}

// revealIf is the text of a password that was made for the person who asked.
func revealIf(generated bool, pw secret.String) string {
	if !generated {
		return ""
	}
	return pw.Reveal()
}
