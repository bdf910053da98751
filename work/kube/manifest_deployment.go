package kube

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
)

// Deployment says how the engine itself runs in the cluster whose pods it
// creates: as replicas that share a PostgreSQL, of which each takes over what
// another leaves.
type Deployment struct {
	// Image is Berth's.
	Image string
	// Replicas is how many engines there are. Default 2.
	Replicas int
	// StoreSecret is the Secret that has the URL of the database under the key
	// "url". Default "berth-store".
	StoreSecret string
	// Registry is what the engine is given as its registry.
	Registry Registry
	// Args are further flags of berth workflow serve.
	Args []string
}

const (
	defaultReplicas    = 2
	maxReplicas        = 100
	defaultStoreSecret = "berth-store"
	// RegistryFile is the name under which the ConfigMap of a deployment has the
	// registry.
	RegistryFile = "pods.json"
)

//go:embed deployment.yaml
var deploymentFile embed.FS

// validate reports what a cluster would not take.
func (d *Deployment) validate(check func(what, name string)) (errs []error) {
	check("name of the Secret with the store's URL", d.StoreSecret)
	if d.Image == "" || strings.ContainsAny(d.Image, " \t\r\n") {
		errs = append(errs, fmt.Errorf("image %q: name the image that has Berth", d.Image))
	}
	if d.Replicas < 0 || d.Replicas > maxReplicas {
		errs = append(errs, fmt.Errorf("replicas %d: from 1 to %d", d.Replicas, maxReplicas))
	}
	return errs
}

// manifest is the YAML of the Deployment and what goes with it.
func (d Deployment) manifest(o ManifestOptions) (string, error) {
	registry, err := json.MarshalIndent(d.Registry, "", "  ")
	if err != nil {
		return "", fmt.Errorf("kube: registry: %w", err)
	}
	t, err := template.New("deployment.yaml").Funcs(template.FuncMap{"quote": quote, "indent": indent}).ParseFS(deploymentFile, "deployment.yaml")
	if err != nil {
		return "", fmt.Errorf("kube: template: %w", err)
	}
	d.Replicas, d.StoreSecret = cmp.Or(d.Replicas, defaultReplicas), cmp.Or(d.StoreSecret, defaultStoreSecret)
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{
		"Name": "berth", "Namespace": o.ServiceAccountNamespace, "Pods": o.Namespace, "Account": o.ServiceAccount,
		"Deployment": d, "Registry": string(registry), "File": RegistryFile,
	})
	return out.String(), err
}

// quote writes a text as a string of YAML, which JSON's are.
func quote(text string) (string, error) {
	b, err := json.Marshal(text)
	return string(b), err
}

// indent moves the lines of a text to the right.
func indent(by int, text string) string {
	return strings.Repeat(" ", by) + strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", by))
}
