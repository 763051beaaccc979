package freeport_test

import (
	"net"
	"testing"

	"github.com/clicktally/clicktally/test/freeport"
)

func TestNoAddressIsGivenTwiceAndEachCanBeListenedOn(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		address, err := freeport.Address("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		if seen[address] {
			t.Fatalf("%s was given twice", address)
		}
		seen[address] = true
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
	}
}
