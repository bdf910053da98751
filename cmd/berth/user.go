package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/secret"
)

func (c *cli) userCommand() *cobra.Command {
	cmd := noun("user", "people who sign in",
		c.userAddCommand(), c.userListCommand(), c.userShowCommand(), c.userPasswordCommand(),
		c.userChange("disable", "stop a user from signing in and end their sessions", directory.Store.DisableUser),
		c.userChange("enable", "let a disabled user sign in again", directory.Store.EnableUser),
		c.userChange("delete", "remove a user and all their roles", directory.Store.DeleteUser),
		c.userChange("sign-out", "end every session of a user", directory.Store.RevokeSessionsOf),
	)
	c.fileFlag(cmd)
	c.dataFlag(cmd)
	return cmd
}

func (c *cli) userAddCommand() *cobra.Command {
	var name string
	var fromStdin, generate bool
	cmd := &cobra.Command{
		Use:     "add EMAIL",
		Short:   "make a user",
		Example: "  berth user add anna@example.com --name Anna --generate-password",
		Args:    exactly("EMAIL"),
		RunE: c.onDirectory(func(ctx context.Context, store directory.Store, args []string) error {
			password, err := c.newPassword(fromStdin, generate)
			if err != nil {
				return err
			}
			u, err := c.addUser(ctx, store, directory.User{Email: args[0], Name: name}, password)
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(createdUser{User: u, Password: revealIf(generate, password)})
			}
			fmt.Fprintf(c.stdout, "%s  %s\n", u.ID, u.Email)
			if generate {
				fmt.Fprintf(c.stdout, "password  %s\n", password.Reveal())
			}
			return nil
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "display name")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	cmd.Flags().BoolVar(&generate, "generate-password", false, "make a random password and print it")
	cmd.MarkFlagsMutuallyExclusive("password-stdin", "generate-password")
	c.jsonFlag(cmd)
	return cmd
}

// addUser makes a user. A password that is refused makes none.
func (c *cli) addUser(ctx context.Context, store directory.Users, wanted directory.User, password secret.String) (directory.User, error) {
	if password.IsZero() {
		return store.CreateUser(ctx, wanted.Email, wanted.Name)
	}
	hash, err := c.hashPassword(ctx, password, wanted.Email)
	if err != nil {
		return directory.User{}, err
	}
	u, err := store.CreateUser(ctx, wanted.Email, wanted.Name)
	if err != nil {
		return u, err
	}
	return u, store.SetPasswordHash(ctx, u.ID, hash)
}

// createdUser is the only output that ever holds a password: one that was just
// generated for the person who asked.
type createdUser struct {
	directory.User
	Password string `json:"password,omitempty"`
}

func (c *cli) userListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list users",
		Example: "  berth user list --json",
		Args:    exactly(),
		RunE: c.onDirectory(func(ctx context.Context, store directory.Store, _ []string) error {
			users, err := everyPage(
				func(p directory.Page) ([]directory.User, error) { return store.Users(ctx, p) },
				func(u directory.User) string { return u.ID },
			)
			if err != nil {
				return err
			}
			return printList(c, users, []string{"id", "email", "name", "state"}, func(u directory.User) []string {
				return []string{u.ID, u.Email, orDash(u.Name), userState(u)}
			})
		}),
	}
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) userShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show USER",
		Short:   "show a user with their roles; USER is an email or an id",
		Example: "  berth user show anna@example.com",
		Args:    exactly("USER"),
		RunE: c.onUser(func(ctx context.Context, store directory.Store, u directory.User, _ []string) error {
			grants, err := store.Grants(ctx, directory.GrantFilter{User: u.ID})
			if err != nil {
				return err
			}
			if c.json {
				return c.printJSON(struct {
					directory.User
					Roles []directory.Grant `json:"roles"`
				}{u, grants})
			}
			fmt.Fprintf(c.stdout, "id     %s\nemail  %s\nname   %s\nstate  %s\n", u.ID, u.Email, orDash(u.Name), userState(u))
			for _, g := range grants {
				fmt.Fprintf(c.stdout, "role   %s of %s%s\n", g.Role, g.Tenant, until(g.ExpiresAt))
			}
			return nil
		}),
	}
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) userPasswordCommand() *cobra.Command {
	var fromStdin, generate bool
	cmd := &cobra.Command{
		Use:     "password USER",
		Short:   "set a user's password and end their sessions",
		Example: "  berth user password anna@example.com --password-stdin < password.txt",
		Args:    exactly("USER"),
		RunE: c.onUser(func(ctx context.Context, store directory.Store, u directory.User, _ []string) error {
			password, err := c.askPassword(fromStdin, generate)
			if err != nil {
				return err
			}
			hash, err := c.hashPassword(ctx, password, u.Email)
			if err != nil {
				return err
			}
			if err := store.SetPasswordHash(ctx, u.ID, hash); err != nil {
				return err
			}
			if generate {
				fmt.Fprintln(c.stdout, password.Reveal())
			}
			return store.RevokeSessionsOf(ctx, u.ID)
		}),
	}
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	cmd.Flags().BoolVar(&generate, "generate-password", false, "make a random password and print it")
	cmd.MarkFlagsMutuallyExclusive("password-stdin", "generate-password")
	return cmd
}

// userChange is a verb that does one thing to one user.
func (c *cli) userChange(verb, short string, change func(directory.Store, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " USER",
		Short:   short,
		Example: "  berth user " + verb + " anna@example.com",
		Args:    exactly("USER"),
		RunE: c.onUser(func(ctx context.Context, store directory.Store, u directory.User, _ []string) error {
			return change(store, ctx, u.ID)
		}),
	}
}

// findUser takes an email or an id.
func findUser(ctx context.Context, store directory.Users, who string) (directory.User, error) {
	if strings.Contains(who, "@") {
		return store.UserByEmail(ctx, who)
	}
	return store.User(ctx, who)
}

func userState(u directory.User) string {
	if u.Disabled {
		return "disabled"
	}
	return "active"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " until " + t.UTC().Format(time.RFC3339)
}
