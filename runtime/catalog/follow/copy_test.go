package follow

import (
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/internal/catalogtest"
)

func TestTheCopyHoldsTheCatalog(t *testing.T) {
	path := t.TempDir() + "/catalog"
	c := catalog.New([]catalog.Change{
		catalog.Put(catalogtest.Campaign("a", "https://shop.example.org/{clickid}"), 3), catalog.Put(catalogtest.Pipeline(), 7),
	})
	if err := writeCopy(path, c); err != nil {
		t.Fatal(err)
	}
	back, err := readCopy(path)
	if err != nil {
		t.Fatal(err)
	}
	if back.Offset() != 7 || len(back.Changes()) != 2 || back.Campaign("a").OfferPage.String() != "https://shop.example.org/{clickid}" {
		t.Errorf("read back %v at offset %d", back.Changes(), back.Offset())
	}
}

func FuzzDecodeCopy(f *testing.F) {
	path := f.TempDir() + "/catalog"
	if err := writeCopy(path, catalog.New([]catalog.Change{catalog.Put(catalogtest.Pipeline(), 7)})); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(copyMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := decodeCopy(data); err == nil && c == nil {
			t.Fatal("neither catalog nor error")
		}
	})
}
