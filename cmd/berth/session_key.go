package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/service"
	"github.com/berth-project/berth/session"
)

// shownKey is what may be told of a key.
type shownKey struct {
	ID        string    `json:"id"`
	State     string    `json:"state"`
	Algorithm string    `json:"algorithm"`
	CreatedAt time.Time `json:"created_at"`
}

func (c *cli) keyListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the keys by id; never the keys themselves",
		Example: "  berth session key list",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts, err := c.stateOptions()
			if err != nil {
				return err
			}
			keys, _, err := service.Keys(cmd.Context(), opts)
			if err != nil {
				return err
			}
			return c.printKeys(keys)
		},
	}
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) keyGenerateCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "print a new set of keys, for session.keys or session.keys-file",
		Long: "Prints a set that nothing uses yet, as a secret store keeps it: whoever has it can be anybody. Not\n" +
			"needed where the keys stay in the data directory, which get made on first start.",
		Example: "  berth session key generate --algorithm es256 > keys.json",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			alg, err := signingAlgorithm(name)
			if err != nil {
				return err
			}
			keys, err := session.GenerateKeySetFor(alg, time.Now())
			if err != nil {
				return err
			}
			text, err := keys.Marshal()
			if err != nil {
				return err
			}
			_, err = c.stdout.Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&name, "algorithm", "eddsa", "what assertions are signed with: eddsa, or es256 for apps whose libraries lack it")
	return cmd
}

// signingAlgorithm reads --algorithm.
func signingAlgorithm(name string) (session.Algorithm, error) {
	for _, alg := range []session.Algorithm{session.EdDSA, session.ES256} {
		if strings.EqualFold(name, string(alg)) {
			return alg, nil
		}
	}
	return "", usageError{fmt.Errorf("--algorithm %q is neither eddsa nor es256", name)}
}

func (c *cli) keyRotateCommand() *cobra.Command {
	var r service.Rotation
	var name string
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "make the next keys current and new ones next; nobody is signed out",
		Long: "Moves every key on: next becomes current, current becomes previous, previous is forgotten. Cookies\n" +
			"sealed with the key that becomes previous still open and are renewed. A running service loads the new\n" +
			"file at once. A second rotation within session.idle would sign out who did not come since, and is\n" +
			"refused; --force does it all the same. Keys that got out are not cured by rotating, the next one got\n" +
			"out with them: berth session key replace. With --algorithm the new next key signs otherwise than the\n" +
			"others, from the rotation after this one on: by then apps know it.",
		Example: "  berth session key rotate",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if name != "" {
				alg, err := signingAlgorithm(name)
				if err != nil {
					return err
				}
				r.Algorithm = alg
			}
			opts, err := c.stateOptions()
			if err != nil {
				return err
			}
			next, err := service.RotateKeys(cmd.Context(), opts, r)
			if err != nil {
				return err
			}
			return c.printKeys(next)
		},
	}
	cmd.Flags().StringVar(&name, "algorithm", "", "what the new key signs with: eddsa or es256 (default: as the last one)")
	cmd.Flags().BoolVar(&r.Force, "force", false, "rotate although sessions sealed with the previous key may be alive")
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) keyReplaceCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "replace",
		Short: "put new keys in place of all, where the old ones got out; everybody is signed out",
		Long: "Makes a new set and forgets the old one. A running service loads it at once; no cookie made before\n" +
			"opens any more, and apps refuse assertions signed before as soon as they ask for the keys again.",
		Example: "  berth session key replace",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			alg, err := signingAlgorithm(name)
			if err != nil {
				return err
			}
			opts, err := c.stateOptions()
			if err != nil {
				return err
			}
			fresh, err := service.ReplaceKeys(cmd.Context(), opts, alg)
			if err != nil {
				return err
			}
			return c.printKeys(fresh)
		},
	}
	cmd.Flags().StringVar(&name, "algorithm", "eddsa", "what the new keys sign with: eddsa or es256")
	c.jsonFlag(cmd)
	return cmd
}

func (c *cli) printKeys(keys *session.KeySet) error {
	var shown []shownKey
	for _, k := range keys.Keys() {
		shown = append(shown, shownKey{k.ID, string(k.State), string(k.Algorithm), k.CreatedAt})
	}
	return printList(c, shown, []string{"id", "state", "algorithm", "created"}, func(k shownKey) []string {
		return []string{k.ID, k.State, k.Algorithm, k.CreatedAt.UTC().Format(time.RFC3339)}
	})
}
