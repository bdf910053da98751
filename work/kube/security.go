package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// podSecurity is what Kubernetes' "restricted" profile asks of a pod; root is
// the one exception, for images that need it.
func podSecurity(s Settings) *corev1.PodSecurityContext {
	return &corev1.PodSecurityContext{
		RunAsNonRoot:   new(!set(s.Root)),
		RunAsUser:      s.User,
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

// containerSecurity is what that profile asks of a container.
func containerSecurity(s Settings) *corev1.SecurityContext {
	if set(s.Privileged) {
		return &corev1.SecurityContext{
			Privileged: new(true), AllowPrivilegeEscalation: new(true), ReadOnlyRootFilesystem: new(set(s.ReadOnly)),
		}
	}
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		ReadOnlyRootFilesystem:   new(set(s.ReadOnly)),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

// escape keeps Kubernetes from reading $(NAME) in a value, which would give a
// tenant's payload the handler's secrets.
func escape(value string) string { return strings.ReplaceAll(value, "$", "$$") }
