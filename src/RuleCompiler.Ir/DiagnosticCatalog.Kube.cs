using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>
/// RC10xx: text, RC102x to RC103x: objects, RC104x: objects that do not fit each other, RC106x: configuration.
/// </summary>
public static partial class DiagnosticCatalog
{
    public static readonly DiagnosticRule NotText = Error("RC1001",
        "not text", "The bytes are neither UTF-8 nor UTF-16.");

    public static readonly DiagnosticRule ControlCharacter = Error("RC1002",
        "control character", "YAML and JSON text may not hold NUL or other control characters.");

    public static readonly DiagnosticRule DuplicateKey = Error("RC1003",
        "duplicate key", "A mapping has the same key twice, so that one of the values would be lost.");

    public static readonly DiagnosticRule BrokenYaml = Error("RC1004",
        "broken YAML", "The text is not YAML.");

    public static readonly DiagnosticRule BrokenJson = Error("RC1005",
        "broken JSON", "The text begins like JSON but is not JSON.");

    public static readonly DiagnosticRule AliasRefused = Error("RC1006",
        "YAML alias", "Aliases and merge keys can blow up a small file without bound; no Kubernetes tool writes them.");

    public static readonly DiagnosticRule NestedTooDeeply = Error("RC1007",
        "nested too deeply", "No Kubernetes object nests this deeply.");

    public static readonly DiagnosticRule TooLarge = Error("RC1008",
        "too large", "No Kubernetes object or value is this large: an API server refuses requests above 3 MiB.");

    public static readonly DiagnosticRule NotAnObject = Error("RC1009",
        "not an object", "A document or list item is a bare value instead of an object.");

    public static readonly DiagnosticRule EmptyFile = Warning("RC1010",
        "empty file", "The file holds no object.");

    public static readonly DiagnosticRule NothingToRead = Error("RC1011",
        "nothing to read", "No input holds any object.");

    public static readonly DiagnosticRule TooManyProblems = Error("RC1012",
        "too many problems", "So many diagnostics say that the file is something else than it seems.");

    public static readonly DiagnosticRule WrongType = Error("RC1020",
        "wrong type", "A field has a value of another type than the API gives it.");

    public static readonly DiagnosticRule MissingField = Error("RC1021",
        "missing field", "A field that the API requires is absent.");

    public static readonly DiagnosticRule OutOfRange = Error("RC1022",
        "number out of range", "A number is outside of what the API accepts.");

    public static readonly DiagnosticRule InvalidName = Error("RC1023",
        "invalid name", "A name is not one that the API accepts.");

    public static readonly DiagnosticRule InvalidAddress = Error("RC1024",
        "invalid address", "An IP address or CIDR cannot be read.");

    public static readonly DiagnosticRule UnknownValue = Error("RC1025",
        "unknown value", "A field that takes one of a few words has another one.");

    public static readonly DiagnosticRule NonCanonicalAddress = Warning("RC1026",
        "address in an unusual form", "Leading zeros and IPv4-mapped IPv6 are read differently by different programs.");

    public static readonly DiagnosticRule FamilyMismatch = Error("RC1027",
        "family mismatch", "An address is not of the IP family that the object declares for it.");

    public static readonly DiagnosticRule DuplicateObject = Warning("RC1028",
        "duplicate object",
        "Two objects have the same kind, namespace and name; the later one counts, as with kubectl apply.");

    public static readonly DiagnosticRule ApiVersionNotRead = Warning("RC1029",
        "API version not read", "The object is of a version of its API that is not read.");

    public static readonly DiagnosticRule NoClusterIp = Warning("RC1030",
        "no cluster IP",
        "A Service without a cluster IP is ignored by every proxy; the API server has not seen it yet.");

    public static readonly DiagnosticRule ContradictoryClusterIps = Error("RC1031",
        "contradictory cluster IPs", "spec.clusterIP, spec.clusterIPs and spec.ipFamilies do not agree.");

    public static readonly DiagnosticRule DuplicatePort = Warning("RC1032",
        "duplicate port", "Two ports of one Service have the same name and protocol; the later one counts.");

    public static readonly DiagnosticRule InvalidTime = Error("RC1033",
        "invalid time", "A timestamp is not RFC 3339.");

    public static readonly DiagnosticRule UnknownAnnotation = Warning("RC1034",
        "unknown annotation", "No annotation of RuleCompiler has this name, so it has no effect.");

    public static readonly DiagnosticRule PortNotInSlices = Warning("RC1040",
        "port without endpoints",
        "A Service port and slice ports meet by name and protocol; none of the slices has this one.");

    public static readonly DiagnosticRule ServiceWithoutSlices = Warning("RC1041",
        "Service without slices", "No EndpointSlice belongs to the Service, so connections to it are refused.");

    public static readonly DiagnosticRule SliceWithoutService = Warning("RC1042",
        "slice without Service", "The label kubernetes.io/service-name names a Service that the input does not have.");

    public static readonly DiagnosticRule SlicePortUnused = Warning("RC1043",
        "slice port unused", "A slice offers a port that its Service does not have by that name and protocol.");

    public static readonly DiagnosticRule NoEndpointSlices = Warning("RC1044",
        "no EndpointSlices", "Without any EndpointSlice every connection to every Service is refused.");

    public static readonly DiagnosticRule NoServices = Warning("RC1045",
        "no Services", "Without any Service there is nothing to compile.");

    public static readonly DiagnosticRule NotProxyConfiguration = Error("RC1060",
        "not a proxy configuration", "The file has no KubeProxyConfiguration of kubeproxy.config.k8s.io/v1alpha1.");

    public static readonly DiagnosticRule UnknownConfigField = Warning("RC1061",
        "unknown configuration field", "KubeProxyConfiguration v1alpha1 has no such field, so it has no effect.");

    public static readonly DiagnosticRule DuplicateConfigField = Warning("RC1062",
        "duplicate configuration field", "kube-proxy reads the file leniently and takes the later value.");

    public static readonly DiagnosticRule UnknownProxyMode = Error("RC1063",
        "unknown proxy mode", "There is no such proxy mode for Linux nodes.");

    public static readonly DiagnosticRule InvalidDuration = Error("RC1064",
        "invalid duration", "A duration is a number with a unit, as Go writes them.");

    public static readonly DiagnosticRule InvalidPeriods = Error("RC1065",
        "contradictory sync periods", "minSyncPeriod may not exceed syncPeriod.");

    public static readonly DiagnosticRule MissingDetectorSetting = Error("RC1066",
        "missing detector setting", "The detectLocalMode needs a setting that is absent.");

    public static readonly DiagnosticRule InvalidClusterCidrs = Error("RC1067",
        "invalid cluster CIDRs", "clusterCIDR takes one CIDR, or one of each IP family.");

    public static readonly DiagnosticRule InvalidNodePortAddresses = Error("RC1068",
        "invalid node port addresses", "nodePortAddresses takes CIDRs, or the word primary alone.");

    public static readonly DiagnosticRule UnknownFeatureGate = Warning("RC1069",
        "unknown feature gate", "No rule depends on this feature gate.");

    public static readonly DiagnosticRule LockedFeatureGate = Error("RC1070",
        "locked feature gate", "The feature is part of Kubernetes 1.36 and can no longer be switched off.");
}
