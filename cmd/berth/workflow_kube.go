package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	"github.com/berth-project/berth/compat/pop/registry"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/work/kube"
)

func (c *cli) workflowKubeCommand() *cobra.Command {
	return noun("kube", "steps as pods of a Kubernetes cluster", c.kubeManifestsCommand(), c.kubeRegistryCommand())
}

func (c *cli) kubeManifestsCommand() *cobra.Command {
	var o kube.ManifestOptions
	var d kube.Deployment
	var file string
	cmd := &cobra.Command{
		Use:   "manifests",
		Short: "print what Berth needs in a cluster, and with --image the deployment of Berth itself",
		Long: "Prints YAML for kubectl: what the executor of pods does, and no more; each rule says what it is for. With --registry the\n" +
			"rights are those that the step types in that file need: Jobs where one runs as a Job, and for handlers made for POP\n" +
			"annotations of their pods. With --image Berth itself runs in the cluster, as replicas that share a PostgreSQL: a\n" +
			"Deployment with the file, a Service and a PodDisruptionBudget. Arguments behind -- are further flags of its engines.",
		Example: "  berth workflow kube manifests --namespace jobs --registry pods.json | kubectl apply -f -\n" +
			"  berth workflow kube manifests --registry pods.json --image registry.example.com/berth:1 -- --pool default=64",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if d.Args = args; d.Image != "" {
				o.Deployment = &d
			}
			switch {
			case len(args) > 0 && cmd.ArgsLenAtDash() != 0:
				return usageError{fmt.Errorf("argument %q: flags for engines stand behind --", args[0])}
			case d.Image == "" && len(args) > 0:
				return usageError{errors.New("flags for engines need --image")}
			case d.Image != "" && file == "":
				return usageError{errors.New("--image needs --registry: what engines in a cluster execute")}
			}
			if err := o.Validate(); err != nil {
				return usageError{err}
			}
			if file != "" {
				r, problems, err := workflows.ReadRegistry(file)
				if err != nil {
					return err
				}
				c.printWarnings(registryProblems(file, problems))
				o = o.For(r)
			}
			text, err := kube.Manifests(o)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(c.stdout, text)
			return err
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.Namespace, "namespace", "default", "where the pods are")
	fs.StringVar(&o.ServiceAccount, "service-account", "berth", "the service account of Berth")
	fs.StringVar(&o.ServiceAccountNamespace, "service-account-namespace", "", "where that is (default: where the pods are)")
	fs.BoolVar(&o.Jobs, "jobs", false, "step types run as Jobs")
	fs.StringSliceVar(&o.Annotators, "annotator", nil, "service `ACCOUNT`s of handlers that answer by annotations of their pod; may be repeated")
	fs.StringVar(&d.Image, "image", "", "deploy Berth itself, of this `IMAGE`")
	fs.IntVar(&d.Replicas, "replicas", 2, "how many engines")
	fs.StringVar(&d.StoreSecret, "store-secret", "berth-store", "the `SECRET` that has the URL of their PostgreSQL under the key url")
	fs.StringVar(&file, "registry", "", "the `FILE` that says which pods execute which step types, Berth's or POP's")
	return cmd
}

func (c *cli) kubeRegistryCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "registry FILE",
		Short: "check which pods execute which step types, and print it in Berth's words",
		Long: "Reads the file that --kube-registry takes, Berth's own or the registry.json of POP, says what is wrong with it and, of\n" +
			"POP's, what is likely a mistake or is done otherwise here, and prints it as Berth's.",
		Example: "  berth workflow kube registry registry.json > pods.json",
		Args:    exactly("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			r, problems, err := workflows.ReadRegistry(args[0])
			if err != nil {
				return err
			}
			c.printWarnings(registryProblems(args[0], problems))
			text, err := json.MarshalIndent(r, "", "  ")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.stdout, "%s\n", text)
			return err
		},
	}
}

// registryProblems tells what of a registry of POP's is followed otherwise.
func registryProblems(file string, problems []registry.Problem) diagnostic.List {
	var list diagnostic.List
	for _, p := range problems {
		path := p.Field
		if p.Type != "" {
			path = p.Type + "." + p.Field
		}
		list = append(list, &diagnostic.Problem{Severity: diagnostic.Warning, Code: "B1302", File: file, Path: path, Message: p.Field + " " + p.Message})
	}
	return list
}
