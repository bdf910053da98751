package kube

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// mount adds the volumes of the settings.
func mount(spec *corev1.PodSpec, s Settings) {
	for i, c := range s.ConfigMaps {
		source := &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: c.Name}}
		for _, key := range slices.Sorted(maps.Keys(c.Files)) {
			source.Items = append(source.Items, corev1.KeyToPath{Key: key, Path: c.Files[key]})
		}
		addVolume(spec, corev1.Volume{
			Name: cmp.Or(c.Volume, fmt.Sprintf("config-%d", i)), VolumeSource: corev1.VolumeSource{ConfigMap: source},
		}, true, c.Path)
	}
	for i, n := range s.NFS {
		addVolume(spec, corev1.Volume{Name: fmt.Sprintf("nfs-%d", i), VolumeSource: corev1.VolumeSource{
			NFS: &corev1.NFSVolumeSource{Server: n.Server, Path: n.Path, ReadOnly: n.ReadOnly},
		}}, n.ReadOnly, n.Mounts...)
	}
	for i, e := range s.EmptyDirs {
		source := &corev1.EmptyDirVolumeSource{}
		if q, err := resource.ParseQuantity(e.Size); err == nil {
			source.SizeLimit = &q
		}
		if e.Memory {
			source.Medium = corev1.StorageMediumMemory
		}
		addVolume(spec, corev1.Volume{Name: fmt.Sprintf("empty-%d", i), VolumeSource: corev1.VolumeSource{EmptyDir: source}}, false, e.Path)
	}
}

// mountPayload adds the file of the payload.
func mountPayload(spec *corev1.PodSpec, configMap string) {
	addVolume(spec, corev1.Volume{Name: payloadVolume, VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: configMap}},
	}}, true, payloadDir)
}

func addVolume(spec *corev1.PodSpec, v corev1.Volume, readOnly bool, paths ...string) {
	spec.Volumes = append(spec.Volumes, v)
	for _, path := range paths {
		spec.Containers[0].VolumeMounts = append(spec.Containers[0].VolumeMounts, corev1.VolumeMount{
			Name: v.Name, MountPath: path, ReadOnly: readOnly,
		})
	}
}
