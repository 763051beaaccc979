//go:build !race

package controllers_test

// raceDetector says that this binary looks for races, at several times the CPU time.
const raceDetector = false
