package v1alpha1

// Condition types. Those of the first group are always present once an object
// has been looked at; every condition carries the generation it speaks of.
const (
	// ConditionAccepted is True when the spec is valid and this object holds
	// what it claims (its id, its topic prefix). Every kind has it.
	ConditionAccepted = "Accepted"

	// ConditionResolvedRefs is True when everything the spec names exists and
	// may be used from here. Every kind has it.
	ConditionResolvedRefs = "ResolvedRefs"

	// ConditionProgrammed is True when the processes that were ready reported
	// that they applied this generation. It is a latch per generation: restarts,
	// scaling and outages do not take it back. Every kind has it.
	ConditionProgrammed = "Programmed"

	// ConditionReady is True when the object is accepted, its references are
	// resolved, it is programmed, and its workload, if any, is available.
	// Weather (a store that is away for a while) never enters it.
	ConditionReady = "Ready"
)

// Condition types that are present only while they are True.
const (
	// ConditionReconciling is True while the controller works towards the spec.
	ConditionReconciling = "Reconciling"

	// ConditionStalled is True when only a change by the user helps.
	ConditionStalled = "Stalled"
)

// Condition types of single kinds. None of them enters Ready.
const (
	// ConditionDurable of a Tracker is True while clicks reach Kafka, False
	// while they wait in journals. Visitors are redirected in both cases.
	ConditionDurable = "Durable"

	// ConditionBalanced of an AggregationPipeline is True while every number
	// equals its recount from raw events, False while a difference is open.
	ConditionBalanced = "Balanced"

	// ConditionClientAddressKnown of a Tracker is False when visitors arrive
	// from a proxy and clientAddress does not say how to see behind it. Address
	// signals are degraded until it does.
	ConditionClientAddressKnown = "ClientAddressKnown"

	// ConditionTestsPassed of a Campaign is False when one of spec.tests failed.
	// The campaign is served all the same.
	ConditionTestsPassed = "TestsPassed"

	// ConditionSealed of a BillingSchedule is True while every period that is
	// over with its grace has a revision, False while one could not be sealed.
	ConditionSealed = "Sealed"
)

// Reasons of ConditionAccepted. The negative ones also stand on ConditionStalled.
const (
	// ReasonAccepted says that the object is valid.
	ReasonAccepted = "Accepted"

	// ReasonInvalid says that the spec breaks a rule that no schema can hold.
	// The last accepted generation keeps serving.
	ReasonInvalid = "Invalid"

	// ReasonIDTaken says that another object of the pipeline holds this id.
	ReasonIDTaken = "IDTaken"

	// ReasonNotAllowed says that the tracker does not admit this namespace, or
	// not this destination host. It takes effect at once.
	ReasonNotAllowed = "NotAllowed"

	// ReasonPrefixOwned says that another pipeline owns the topic prefix.
	ReasonPrefixOwned = "PrefixOwned"

	// ReasonUnsupported says that a field is set which has no effect in this
	// version. The message names it.
	ReasonUnsupported = "Unsupported"

	// ReasonNameTaken says that an object of the workload's name exists and
	// belongs to somebody else. It stays as it is.
	ReasonNameTaken = "NameTaken"
)

// Reasons of ConditionResolvedRefs.
const (
	// ReasonResolved says that every reference is resolved.
	ReasonResolved = "Resolved"

	// ReasonRefNotFound says that a named object does not exist.
	ReasonRefNotFound = "RefNotFound"

	// ReasonRefNotPermitted says that the other side does not grant the reference.
	ReasonRefNotPermitted = "RefNotPermitted"
)

// Reasons of ConditionProgrammed, ConditionReady, ConditionReconciling and ConditionStalled.
const (
	// ReasonProgrammed says that every ready process applied this generation.
	ReasonProgrammed = "Programmed"

	// ReasonServing says that the object does its work.
	ReasonServing = "Serving"

	// ReasonPending says that no operator has looked at the object yet. New
	// objects have it from the API server, on every condition that is always there.
	ReasonPending = "Pending"

	// ReasonProgressing says that processes are still on their way to this generation.
	ReasonProgressing = "Progressing"

	// ReasonWorkloadUnavailable says that too few pods are ready.
	ReasonWorkloadUnavailable = "WorkloadUnavailable"

	// ReasonSuspended says that spec.suspend keeps the controller from acting.
	ReasonSuspended = "Suspended"

	// ReasonTopicReplaced says that a Kafka topic has another id than before,
	// so its offsets mean nothing. It needs an acknowledgement.
	ReasonTopicReplaced = "TopicReplaced"

	// ReasonNeedsUpgrade says that a record is newer than the process reading it.
	ReasonNeedsUpgrade = "NeedsUpgrade"
)

// Reasons of the conditions of single kinds.
const (
	// ReasonAcknowledged says that Kafka acknowledges every click.
	ReasonAcknowledged = "Acknowledged"

	// ReasonJournalFilling says that clicks wait in journals.
	ReasonJournalFilling = "JournalFilling"

	// ReasonJournalFull says that a journal has no room: whenFull decides.
	ReasonJournalFull = "JournalFull"

	// ReasonBalanced says that counts and recounts agree.
	ReasonBalanced = "Balanced"

	// ReasonDifference says that a count and its recount differ.
	ReasonDifference = "Difference"

	// ReasonTotalsFell says that a computation came out below an earlier one
	// and was refused.
	ReasonTotalsFell = "TotalsFell"

	// ReasonClientAddressKnown says that visitors' addresses are known.
	ReasonClientAddressKnown = "ClientAddressKnown"

	// ReasonPrivatePeer says that clicks come from private addresses and no
	// clientAddress is set.
	ReasonPrivatePeer = "PrivatePeer"

	// ReasonAddressNotStated says that clicks come without the header, or with
	// fewer addresses in it, than clientAddress says.
	ReasonAddressNotStated = "AddressNotStated"

	// ReasonTestsPassed says that every test of the campaign passed.
	ReasonTestsPassed = "TestsPassed"

	// ReasonTestsFailed says that a test of the campaign failed. The message
	// names the first and counts the rest.
	ReasonTestsFailed = "TestsFailed"

	// ReasonSealed says that every period that is due is sealed.
	ReasonSealed = "Sealed"

	// ReasonNothingDue says that no period with events is over with its grace.
	ReasonNothingDue = "NothingDue"

	// ReasonPeriodRefused says that a period is due and not complete or not
	// balanced. The message says what is in the way.
	ReasonPeriodRefused = "PeriodRefused"

	// ReasonRawExpired says that raw events of a period expired before it was
	// sealed.
	ReasonRawExpired = "RawExpired"

	// ReasonSealFailed says that the process that seals did not do its work.
	ReasonSealFailed = "SealFailed"
)
