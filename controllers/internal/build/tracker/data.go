package tracker

import (
	corev1 "k8s.io/api/core/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// dataDir holds a folder for each of spec.data: geoip, lists, model.
const dataDir = build.StateDir + "-data"

// dataMounts are the data files that come with an image or stand on a claim. A file that is downloaded
// has no volume.
func dataMounts(data *v1alpha1.TrackerData) []build.Mount {
	if data == nil {
		return nil
	}
	var mounts []build.Mount
	for _, f := range []struct {
		name string
		file *v1alpha1.DataFile
	}{{"geoip", data.GeoIP}, {"lists", data.Lists}, {"model", data.Model}} {
		if volume := dataVolume("data-"+f.name, f.file); volume != nil {
			mounts = append(mounts, build.Mount{Name: *volume.Name, Path: dataDir + "/" + f.name, ReadOnly: true, Volume: volume})
		}
	}
	return mounts
}

func dataVolume(name string, file *v1alpha1.DataFile) *applycorev1.VolumeApplyConfiguration {
	switch {
	case file == nil:
		return nil
	case file.Image != "":
		return applycorev1.Volume().WithName(name).
			WithImage(applycorev1.ImageVolumeSource().WithReference(file.Image).WithPullPolicy(corev1.PullIfNotPresent))
	case file.Claim != "":
		return applycorev1.Volume().WithName(name).
			WithPersistentVolumeClaim(applycorev1.PersistentVolumeClaimVolumeSource().WithClaimName(string(file.Claim)).WithReadOnly(true))
	}
	return nil
}
