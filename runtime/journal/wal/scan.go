package wal

import (
	"encoding/binary"
	"errors"
	"io"
)

// scanWindow is how much of a file is read at once.
const scanWindow = 256 << 10

// diskBlock is what is stepped over where the disk refuses to read.
const diskBlock = 4096

// scanner reads the frames of one segment in order.
type scanner struct {
	name   string
	file   File
	salt   uint64
	limit  int64 // nothing behind it is looked at
	sealed bool  // everything before limit was promised
	at     int64 // of the next frame

	window   []byte
	windowAt int64
}

// begin makes s read a segment from its start; the window's memory is used again.
func (s *scanner) begin(name string, file File, h header, limit int64, sealed bool) {
	*s = scanner{name: name, file: file, salt: salt(h.boot, h.number), limit: limit, sealed: sealed, at: headerBytes, window: s.window[:0]}
}

// next returns the payload of the next frame, valid until the next call, and io.EOF behind the last. A
// *Damage is told once; the call after it goes on with the next frame that can be read.
func (s *scanner) next() ([]byte, error) {
	payload, reason := s.frame(s.at)
	switch {
	case reason == nil:
		s.at += int64(frameHead + len(payload))
		return payload, nil
	case s.at == s.limit:
		return nil, io.EOF
	case !s.sealed && !errors.Is(reason, errUnreadable):
		s.limit = s.at
		return nil, io.EOF
	}
	bad := &Damage{File: s.name, Offset: s.at, Reason: reason.Error()}
	s.at = s.resync(s.at + 1)
	return nil, bad
}

var (
	errNoFrame    = errors.New("no record begins here")
	errChecksum   = errors.New("the checksum is wrong")
	errUnreadable = errors.New("the disk does not read")
)

// frame checks the frame at that place.
func (s *scanner) frame(at int64) ([]byte, error) {
	head, err := s.bytes(at, frameHead)
	if err != nil {
		return nil, err
	}
	length, sum := int64(binary.LittleEndian.Uint32(head)), binary.LittleEndian.Uint64(head[4:])
	if length == 0 || length > s.limit-at-frameHead {
		return nil, errNoFrame
	}
	payload, err := s.bytes(at+frameHead, int(length))
	if err != nil {
		return nil, err
	}
	if checksum(s.salt, at, payload) != sum {
		return nil, errChecksum
	}
	return payload, nil
}

// resync finds the next frame that can be read, else the limit.
func (s *scanner) resync(at int64) int64 {
	for at < s.limit {
		_, err := s.frame(at)
		switch {
		case err == nil:
			return at
		case errors.Is(err, errUnreadable):
			at += diskBlock - at%diskBlock
		default:
			at++
		}
	}
	return s.limit
}

// bytes gives n bytes of the file, valid until the next call.
func (s *scanner) bytes(at int64, n int) ([]byte, error) {
	if at+int64(n) > s.limit {
		return nil, errNoFrame
	}
	if at < s.windowAt || at+int64(n) > s.windowAt+int64(len(s.window)) {
		want := int(min(s.limit-at, int64(max(n, scanWindow))))
		if cap(s.window) < want {
			s.window = make([]byte, want)
		}
		got, err := s.file.ReadAt(s.window[:want], at)
		s.window, s.windowAt = s.window[:got], at
		switch {
		case got >= n:
		case err == nil || errors.Is(err, io.EOF):
			return nil, errNoFrame
		default:
			return nil, errors.Join(errUnreadable, err)
		}
	}
	from := at - s.windowAt
	return s.window[from : from+int64(n)], nil
}
