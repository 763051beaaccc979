package archive

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/clicktally/clicktally/runtime/store"
)

// Bucket is where objects go. ClickHouse speaks to it, so the endpoint is as ClickHouse reaches it. Without a key
// ClickHouse uses its own identity: environment, instance profile or web identity.
type Bucket struct {
	Endpoint        string // http or https
	Name            string
	AccessKeyID     string
	SecretAccessKey string
}

func (b *Bucket) check() error {
	at, err := url.Parse(b.Endpoint)
	switch {
	case err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.User != nil:
		return errors.New("archive: the endpoint must be the http or https address of an S3 store, without credentials")
	case b.Name == "" || strings.ContainsAny(b.Name, "/?*{}'\\"):
		return fmt.Errorf("archive: %q is not a bucket's name", b.Name)
	case (b.AccessKeyID == "") != (b.SecretAccessKey == ""):
		return errors.New("archive: an access key id and its secret come together, or neither")
	}
	return nil
}

// table is the s3 table function over one object. ClickHouse hides the key in its logs and system tables.
func (b *Bucket) table(key string, columns []store.ColumnType) string {
	arguments := []string{strings.TrimRight(b.Endpoint, "/") + "/" + b.Name + "/" + key}
	if b.AccessKeyID != "" {
		arguments = append(arguments, b.AccessKeyID, b.SecretAccessKey)
	}
	return store.S3Table(append(arguments, "Parquet", store.Structure(columns))...)
}

// scrub takes the key out of what ClickHouse says.
func (b *Bucket) scrub(err error) error {
	if b.SecretAccessKey == "" || !strings.Contains(err.Error(), b.SecretAccessKey) && !strings.Contains(err.Error(), b.AccessKeyID) {
		return err
	}
	return errors.New(strings.NewReplacer(b.SecretAccessKey, "[hidden]", b.AccessKeyID, "[hidden]").Replace(err.Error()))
}
