package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/iam/synth"
)

// kindOfResource is a kind of resource as JSON.
type kindOfResource struct {
	Kind  string         `json:"kind"`
	About string         `json:"about"`
	Words []wordOfAccess `json:"words"`
}

type wordOfAccess struct {
	Word  string `json:"word"`
	About string `json:"about"`
}

func (c *cli) iamNeedsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "needs",
		Short: "list the kinds of resources that needs can name, and their words",
		Long: "A need in berth.yaml is KIND:NAME with a list of words. Resources of other kinds are named by their ARN; the words are\n" +
			"then list, read, write, tag, admin and own, the access levels of the service reference, or actions by name.",
		Example: "  berth iam needs",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			var kinds []kindOfResource
			for _, k := range synth.Kinds() {
				one := kindOfResource{Kind: k.Name, About: k.About}
				for _, a := range k.Accesses {
					one.Words = append(one.Words, wordOfAccess{a.Word, a.About})
				}
				kinds = append(kinds, one)
			}
			return printList(c, kinds, []string{"kind", "words", "about"}, func(k kindOfResource) []string {
				var words []string
				for _, w := range k.Words {
					words = append(words, w.Word)
				}
				return []string{k.Kind, strings.Join(words, ", "), k.About}
			})
		},
	}
	c.jsonFlag(cmd)
	return cmd
}
