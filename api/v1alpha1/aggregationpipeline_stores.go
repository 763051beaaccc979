package v1alpha1

// SASLMechanism is how a client logs in to Kafka, in Kafka's own spelling.
// +kubebuilder:validation:Enum=PLAIN;SCRAM-SHA-256;SCRAM-SHA-512
type SASLMechanism string

// KafkaAuth is a login to Kafka.
type KafkaAuth struct {
	// mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
	// +required
	Mechanism SASLMechanism `json:"mechanism,omitempty"`

	// secretRef is a Secret of this namespace; its keys username and password
	// are read.
	// +required
	SecretRef SecretRef `json:"secretRef,omitzero"`
}

// PasswordAuth is a login by user name and password.
type PasswordAuth struct {
	// secretRef is a Secret of this namespace; its keys username (may be absent)
	// and password are read.
	// +required
	SecretRef SecretRef `json:"secretRef,omitzero"`
}

// TLS turns on TLS towards a store.
type TLS struct {
	// caRef is a Secret of this namespace; its key ca.crt verifies the server.
	// Default: the system's authorities.
	// +optional
	CARef *SecretRef `json:"caRef,omitempty"`
}

// Kafka is the log of events and configuration.
type Kafka struct {
	// bootstrapServers are the brokers to ask first, 1 to 16.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	BootstrapServers []HostPort `json:"bootstrapServers,omitempty"`

	// topicPrefix begins the names of all topics, immutable and used by no other
	// pipeline.
	// +optional
	// +default="clicktally"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`
	TopicPrefix string `json:"topicPrefix,omitempty"`

	// partitions is the number of partitions of events, 1 to 4096. A change
	// starts a new generation of topics. Default: 24.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4096
	Partitions int32 `json:"partitions,omitempty"`

	// replicationFactor is the number of copies, 1 to 9. Default: 3.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=9
	ReplicationFactor int32 `json:"replicationFactor,omitempty"`

	// auth is the login of operator, aggregators and query service. Default: none.
	// +optional
	Auth *KafkaAuth `json:"auth,omitempty"`

	// trackerAuth is the login of trackers, which need fewer rights. Default: auth.
	// +optional
	TrackerAuth *KafkaAuth `json:"trackerAuth,omitempty"`

	// tls turns on TLS. Default: plain text.
	// +optional
	TLS *TLS `json:"tls,omitempty"`
}

// RedisMode is how Redis is set up.
// +kubebuilder:validation:Enum=Standalone;Sentinel;Cluster
type RedisMode string

const (
	// RedisStandalone is one server.
	RedisStandalone RedisMode = "Standalone"
	// RedisSentinel is a server that sentinels name.
	RedisSentinel RedisMode = "Sentinel"
	// RedisCluster is a Redis Cluster.
	RedisCluster RedisMode = "Cluster"
)

// Redis holds live counters. It may lose everything: they are computed again.
// +kubebuilder:validation:XValidation:rule="(self.?mode.orValue('Standalone') == 'Sentinel') == has(self.masterName)",fieldPath=".masterName",message="mode Sentinel needs masterName, and no other mode may have it"
type Redis struct {
	// addresses are the servers, or the sentinels, 1 to 16.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Addresses []HostPort `json:"addresses,omitempty"`

	// mode is Standalone, Sentinel or Cluster. Default: Standalone.
	// +optional
	Mode RedisMode `json:"mode,omitempty"`

	// masterName is the name that sentinels know the server by.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	MasterName string `json:"masterName,omitempty"`

	// auth is the login. Default: none.
	// +optional
	Auth *PasswordAuth `json:"auth,omitempty"`

	// tls turns on TLS. Default: plain text.
	// +optional
	TLS *TLS `json:"tls,omitempty"`
}

// ClickHouseProtocol is the protocol that ClickHouse is spoken to in.
// +kubebuilder:validation:Enum=Native;HTTP
type ClickHouseProtocol string

const (
	// ClickHouseNative is ClickHouse's own protocol, port 9000.
	ClickHouseNative ClickHouseProtocol = "Native"
	// ClickHouseHTTP is the HTTP protocol, port 8123.
	ClickHouseHTTP ClickHouseProtocol = "HTTP"
)

// SQLName is a name that stands in SQL without quotes.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:Pattern=`^[A-Za-z_][A-Za-z0-9_]*$`
type SQLName string

// ClickHouse holds raw events and everything computed from them.
type ClickHouse struct {
	// addresses are the servers, 1 to 64.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Addresses []HostPort `json:"addresses,omitempty"`

	// database holds the tables, immutable and used by no other pipeline.
	// +optional
	// +default="clicktally"
	Database SQLName `json:"database,omitempty"`

	// protocol is Native or HTTP. Default: Native.
	// +optional
	Protocol ClickHouseProtocol `json:"protocol,omitempty"`

	// cluster is the name of the cluster that the servers form. Default: one
	// server, no cluster.
	// +optional
	Cluster SQLName `json:"cluster,omitempty"`

	// auth is the login. Default: the user default without password.
	// +optional
	Auth *PasswordAuth `json:"auth,omitempty"`

	// tls turns on TLS. Default: plain text.
	// +optional
	TLS *TLS `json:"tls,omitempty"`
}
