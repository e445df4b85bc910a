package xmltree

// Limits of every profile. The largest of 414 real and test responses has
// 21 KB, depth 11, 87 elements and 12 attributes on one element.
const (
	MaxDepth             = 32        // elements open at once
	MaxAttributes        = 64        // attributes of one element
	MaxNamespaces        = 32        // namespace declarations of one element
	MaxNamespacesInScope = 128       // declarations of all open elements; bounds every look-up of a prefix
	MaxText              = 256 << 10 // octets of one run of text or one attribute value
	MaxName              = 1 << 10   // octets of one name with its prefix, or of one namespace URI
)

// Limits by profile.
const (
	MaxMessageBytes     = 512 << 10
	MaxMessageElements  = 10_000
	MaxMetadataBytes    = 5 << 20
	MaxMetadataElements = 200_000
)

// Profile chooses what Parse allows.
type Profile uint8

const (
	// Message is for protocol messages and what is decrypted from them:
	// no comments, up to MaxMessageBytes and MaxMessageElements.
	Message Profile = iota
	// Metadata is for SAML metadata: comments may stand between elements,
	// never in an element that holds text; up to MaxMetadataBytes and
	// MaxMetadataElements.
	Metadata
)

func (p Profile) maxBytes() int {
	if p == Metadata {
		return MaxMetadataBytes
	}
	return MaxMessageBytes
}

func (p Profile) maxElements() int {
	if p == Metadata {
		return MaxMetadataElements
	}
	return MaxMessageElements
}
