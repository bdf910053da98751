package kube

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// ManifestOptions says what [Manifests] is for.
type ManifestOptions struct {
	// Namespace is where pods are created. Default "default".
	Namespace string
	// ServiceAccount is Berth's, in ServiceAccountNamespace. Default "berth", in
	// Namespace.
	ServiceAccount          string
	ServiceAccountNamespace string
	// Jobs is for registries with settings that say as: job.
	Jobs bool
	// Annotators are service accounts of handlers that answer by annotations
	// of their own pod, as those of other systems do.
	Annotators []string
	// Deployment, unless nil, has the engine itself run in the cluster.
	Deployment *Deployment
}

// For returns the options with what the settings of a registry need besides:
// rights to Jobs, the registry itself for a deployment, and annotations for the service accounts of handlers that do
// not answer in Berth's way and are given their credential.
func (o ManifestOptions) For(r Registry) ManifestOptions {
	o.Annotators = slices.Clone(o.Annotators)
	if o.Deployment != nil {
		d := *o.Deployment
		d.Registry, o.Deployment = r, &d
	}
	for _, name := range r.Names() {
		s, _ := r.Settings(name)
		o.Jobs = o.Jobs || s.As == AsJob
		account := cmp.Or(s.ServiceAccount, "default")
		if s.Contract != ContractBerth && set(s.Token) && !slices.Contains(o.Annotators, account) {
			o.Annotators = append(o.Annotators, account)
		}
	}
	return o
}

// Validate reports a name that Kubernetes does not take.
func (o ManifestOptions) Validate() error {
	var errs []error
	check := func(what, name string) {
		if name != "" && len(validation.IsDNS1123Label(name)) > 0 {
			errs = append(errs, fmt.Errorf("%s %q: up to 63 lower-case letters, digits and - are allowed", what, name))
		}
	}
	check("namespace", o.Namespace)
	check("service account", o.ServiceAccount)
	check("namespace of the service account", o.ServiceAccountNamespace)
	for _, name := range o.Annotators {
		check("service account", name)
	}
	if d := o.Deployment; d != nil {
		errs = append(errs, d.validate(check)...)
	}
	return errors.Join(errs...)
}

// Manifests returns, as YAML, the service accounts, roles and bindings that
// the executor needs, and no more, and the deployment that is asked for. Each rule
// says what it is for. The options have to be valid.
func Manifests(o ManifestOptions) (string, error) {
	o.Namespace = cmp.Or(o.Namespace, "default")
	o.ServiceAccount = cmp.Or(o.ServiceAccount, "berth")
	o.ServiceAccountNamespace = cmp.Or(o.ServiceAccountNamespace, o.Namespace)
	docs := []string{
		serviceAccount(o.ServiceAccountNamespace, o.ServiceAccount, true),
		engineRole(o),
		binding(o.Namespace, "berth-executor", o.ServiceAccountNamespace, o.ServiceAccount),
	}
	for _, name := range o.Annotators {
		docs = append(docs, serviceAccount(o.Namespace, name, false))
	}
	if len(o.Annotators) > 0 {
		docs = append(docs, annotatorRole(o.Namespace))
	}
	for _, name := range o.Annotators {
		docs = append(docs, binding(o.Namespace, "berth-annotator", o.Namespace, name))
	}
	if d := o.Deployment; d != nil {
		text, err := d.manifest(o)
		if err != nil {
			return "", err
		}
		docs = append(docs, text)
	}
	return strings.Join(docs, "---\n"), nil
}

func serviceAccount(namespace, name string, token bool) string {
	text := `apiVersion: v1
kind: ServiceAccount
metadata:
  name: ` + name + `
  namespace: ` + namespace + `
`
	if !token {
		text += "automountServiceAccountToken: false # pods that need it ask for it\n"
	}
	return text
}

func engineRole(o ManifestOptions) string {
	text := `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: berth-executor
  namespace: ` + o.Namespace + `
rules:
  # create: a pod for each attempt. get: whose a pod is that exists already.
  # list, watch: how pods fare; the reaper looks for what was left. patch: the
  # fence of the attempt that takes a pod over. delete: attempts that are over.
  - apiGroups: [""]
    resources: [pods]
    verbs: [create, get, list, watch, patch, delete]
  # get: the handler's log.
  - apiGroups: [""]
    resources: [pods/log]
    verbs: [get]
  # create: payloads that do not fit into a variable. They go with their pod.
  - apiGroups: [""]
    resources: [configmaps]
    verbs: [create]
`
	if !o.Jobs {
		return text
	}
	return text + `  # For step types with "as: job"; each verb is for the same as with pods.
  - apiGroups: [batch]
    resources: [jobs]
    verbs: [create, get, patch, delete]
`
}

func annotatorRole(namespace string) string {
	return `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: berth-annotator
  namespace: ` + namespace + `
rules:
  # get, patch: annotations of its own pod. Kubernetes cannot say "its own", so
  # such a handler can change the labels and annotations of others, too: keep
  # those of tenants who must not trust each other in different namespaces, or
  # let handlers answer in Berth's way, which needs no rights.
  - apiGroups: [""]
    resources: [pods]
    verbs: [get, patch]
`
}

func binding(namespace, role, accountNamespace, account string) string {
	return `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: ` + role + "-" + account + `
  namespace: ` + namespace + `
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: ` + role + `
subjects:
  - kind: ServiceAccount
    name: ` + account + `
    namespace: ` + accountNamespace + `
`
}
