package wal

import "fmt"

// prepareBytes is how much of a segment is prepared at a time: one more sync for some thousand clicks.
const prepareBytes = 1 << 20

// zeros are what room is prepared with.
var zeros [64 << 10]byte

// prepare has all bytes of a segment before end written and synced once before records are written over them.
//
// Room that was claimed and never written is kept by file systems as unwritten: a sync of data in it also has to record
// that it is written now. An ext4 whose journal is aborted at that moment, as it is after an error of the device, answers
// such a sync with success and forgets the record, so that the data reads as zeros ever after (seen on Linux 6.18, fault
// disk-read-only). A sync of data that is written over has nothing to record; it is cheaper for it, too.
func (l *Log) prepare(s *segment, end int64) error {
	if end <= s.written {
		return nil
	}
	end = min(max(end, s.written+prepareBytes), l.segmentBytes)
	for at := s.written; at < end; at += int64(len(zeros)) {
		if _, err := s.file.WriteAt(zeros[:min(int64(len(zeros)), end-at)], at); err != nil {
			return fmt.Errorf("prepare %s: %w", s.name, err)
		}
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("prepare %s: %w", s.name, err)
	}
	s.written = end
	return nil
}
