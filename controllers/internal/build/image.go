package build

import (
	"strings"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// Pinned is an image at a version: the tag, and a digest, give way to the version. An empty version
// leaves the image as it is.
func Pinned(image string, version v1alpha1.Version) string {
	if version == "" {
		return image
	}
	repository, _ := splitTag(image)
	return repository + ":" + string(version)
}

// splitTag cuts the tag and the digest off; tag is empty where there is none.
func splitTag(image string) (repository, tag string) {
	image, _, _ = strings.Cut(image, "@")
	// A colon before the last slash belongs to the registry's port.
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		return image[:i], image[i+1:]
	}
	return image, ""
}

// versionLabel is an image's tag where a label can hold it, else empty.
func versionLabel(image string) string {
	if _, tag := splitTag(image); labelValue.MatchString(tag) {
		return tag
	}
	return ""
}
