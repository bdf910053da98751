package kube

import (
	"fmt"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Client talks to a cluster.
type Client = kubernetes.Interface

// Connection says which cluster. The zero value is the one that Berth itself
// runs in, or else that of the user's kubeconfig.
type Connection struct {
	// Kubeconfig is a file. Default: that of KUBECONFIG or the home directory.
	Kubeconfig string
	// Context is one of the file's. Default: its current one.
	Context string
}

// Requests per second and at once that the client allows itself; the cluster
// has limits of its own.
const (
	requestRate  = 50
	requestBurst = 200
)

// Connect returns a client. It does not ask the cluster anything.
func Connect(c Connection) (Client, error) {
	config, err := c.config()
	if err != nil {
		return nil, fmt.Errorf("kube: %w; run inside a cluster, or name a kubeconfig", err)
	}
	config.QPS, config.Burst = requestRate, requestBurst
	config.UserAgent = rest.DefaultKubernetesUserAgent() + " berth"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("kube: %w", err)
	}
	return client, nil
}

func (c Connection) config() (*rest.Config, error) {
	if c == (Connection{}) {
		if config, err := rest.InClusterConfig(); err == nil {
			return config, nil
		}
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.Kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: c.Context}).ClientConfig()
}
