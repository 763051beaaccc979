package topics

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// CheckAccess asks Kafka, as the client's login, whether it may do what its role needs on topics and groups.
// The error names every right that is missing, or says what is wrong with TLS or the login; a topic that is not
// there yet is no error, nor is a group. Transactional ids cannot be asked about: a publisher finds out when it begins.
func CheckAccess(ctx context.Context, client *kadm.Client, needs []ACL) error {
	if _, err := client.BrokerMetadata(ctx); err != nil {
		return Explain(err)
	}
	var missing []string
	for _, need := range needs {
		lacks, err := lacking(ctx, client, need)
		if err != nil {
			return Explain(err)
		}
		for _, operation := range lacks {
			missing = append(missing, fmt.Sprintf("%s on %s %s", ACL{Operations: []kadm.ACLOperation{operation}}.OperationNames()[0], need.Resource, need.Name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("kafka refuses this login, as %s of role %s: %s; `clicktally acls` prints the rights of every role",
		needs[0].Principal, needs[0].Role, strings.Join(missing, ", "))
}

// lacking are the operations of a need that the client's login may not do. Of a prefixed topic, which is a
// family, every member that can be seen is asked; that none can be seen says that nothing is allowed or none is there.
func lacking(ctx context.Context, client *kadm.Client, need ACL) ([]kadm.ACLOperation, error) {
	switch need.Resource {
	case ResourceTopic:
		return lackingOnTopics(ctx, client, need)
	case ResourceGroup:
		return lackingOnGroup(ctx, client, need)
	}
	return nil, nil
}

// lackingOnGroup takes a group that nobody has joined yet for allowed: Kafka tells the rights of those it knows.
func lackingOnGroup(ctx context.Context, client *kadm.Client, need ACL) ([]kadm.ACLOperation, error) {
	groups, err := client.DescribeGroups(ctx, need.Name)
	group := groups[need.Name]
	switch err = errors.Join(err, group.Err); {
	case errors.Is(err, kerr.GroupAuthorizationFailed):
		return need.Operations, nil
	case errors.Is(err, kerr.GroupIDNotFound), errors.Is(err, kerr.CoordinatorNotAvailable), err == nil && group.State == "Dead":
		return nil, nil
	case err != nil:
		return nil, err
	}
	return without(need.Operations, group.AuthorizedOperations), nil
}

func lackingOnTopics(ctx context.Context, client *kadm.Client, need ACL) ([]kadm.ACLOperation, error) {
	var ask []string
	if !need.Prefixed {
		ask = []string{need.Name}
	}
	details, err := client.ListTopics(kadm.WithAuthorizedOps(ctx), ask...)
	if errors.Is(err, kerr.TopicAuthorizationFailed) {
		return need.Operations, nil
	}
	if err != nil {
		return nil, err
	}
	var lacks []kadm.ACLOperation
	for name, topic := range details {
		switch {
		case need.Prefixed && !strings.HasPrefix(name, need.Name):
		case errors.Is(topic.Err, kerr.TopicAuthorizationFailed):
			return need.Operations, nil
		case topic.Err == nil:
			for _, operation := range without(need.Operations, topic.AuthorizedOperations) {
				if !slices.Contains(lacks, operation) {
					lacks = append(lacks, operation)
				}
			}
		}
	}
	return lacks, nil
}

func without(needs, has []kadm.ACLOperation) []kadm.ACLOperation {
	return slices.DeleteFunc(slices.Clone(needs), func(o kadm.ACLOperation) bool {
		// Create is asked of a name that is not there yet: a topic does not list it.
		return o == kadm.OpCreate || slices.Contains(has, o) || slices.Contains(has, kadm.OpAll)
	})
}

// Explain adds to an error of TLS, login or rights what to do about it; other errors are returned as they are.
func Explain(err error) error {
	if hint := hintOf(err); hint != "" {
		return fmt.Errorf("%w: %s", err, hint)
	}
	return err
}

func hintOf(err error) string {
	_, closed := errors.AsType[*kgo.ErrFirstReadEOF](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, named := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case err == nil:
		return ""
	case unknown:
		return "the broker's certificate is not signed by an authority we know: give the authority's certificate in --kafka-ca-file"
	case named:
		return "the broker's certificate is for another name: have one made for the address that clients use, or name it in --kafka-server-name"
	case invalid:
		return "the broker's certificate is not valid now: renew it, and check this machine's clock"
	case plain:
		return "the port does not speak TLS: leave out the TLS flags, or use the port of the TLS listener"
	case strings.Contains(err.Error(), "remote error: tls: ") && strings.Contains(err.Error(), "certificate"):
		return "the broker asks for a client certificate that it can verify: give --kafka-cert-file and --kafka-key-file"
	case strings.Contains(err.Error(), "speaking to a tls endpoint"):
		return "the port speaks TLS: give --kafka-tls, and --kafka-ca-file where the authority is your own"
	case closed:
		return "the broker hung up at once: the listener wants TLS (--kafka-tls, --kafka-ca-file), or a login (KAFKA_USERNAME, KAFKA_PASSWORD), or does not want what it was given"
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return "user name or password is wrong: check KAFKA_USERNAME and KAFKA_PASSWORD, or the files that KAFKA_..._FILE name, and that the user exists for this mechanism"
	case errors.Is(err, kerr.UnsupportedSaslMechanism), errors.Is(err, kerr.IllegalSaslState):
		return "the listener does not take this login: set KAFKA_MECHANISM to one it has on, and use the port of the SASL listener"
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.GroupAuthorizationFailed),
		errors.Is(err, kerr.TransactionalIDAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return "the login lacks a right: `clicktally acls` prints the rights of every role"
	}
	return ""
}
