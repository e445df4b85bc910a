package xmldsig

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"slices"
	"testing"
)

// dsigRow is a row of dsig.jsonl.
type dsigRow struct {
	ID        string   `json:"id"`
	Input     string   `json:"input"`
	Subset    *string  `json:"subset"`
	Algorithm string   `json:"algorithm"`
	Octets    string   `json:"octets"`
	Method    string   `json:"signature_method"`
	Value     string   `json:"signature_value"`
	Key       string   `json:"key"`
	Bits      int      `json:"key_bits"`
	Allow     []string `json:"allow"`
	Expect    string   `json:"expect"`
	Rules     []string `json:"rules"`
}

func TestVerifyOctetsVectors(t *testing.T) {
	t.Parallel()
	rows := manifest[dsigRow](t, "dsig.jsonl")
	if len(rows) != 32 {
		t.Fatalf("%d rows, want 32", len(rows))
	}
	for _, row := range rows {
		t.Run(row.ID, func(t *testing.T) {
			t.Parallel()
			e, _ := subset(t, document(t, row.Input), row.Subset)
			var octets bytes.Buffer
			if err := Canonicalize(&octets, e, C14N{Algorithm: row.Algorithm}); err != nil {
				t.Fatal(err)
			}
			if want := vector(t, row.Octets); !bytes.Equal(octets.Bytes(), want) {
				t.Fatalf("got\n%s\nwant\n%s", octets.Bytes(), want)
			}
			block, _ := pem.Decode(vector(t, row.Key))
			public, err := x509.ParsePKIXPublicKey(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			key, err := NewKey(public)
			if err != nil {
				t.Fatal(err)
			}
			if key.Bits() != row.Bits {
				t.Errorf("a key of %d bits, want %d", key.Bits(), row.Bits)
			}
			sig, err := base64.StdEncoding.DecodeString(row.Value)
			if err != nil {
				t.Fatal(err)
			}
			legacy := Legacy{SHA1: slices.Contains(row.Allow, "sha1"), RSA1024: slices.Contains(row.Allow, "rsa1024")}
			err = VerifyOctets(row.Method, octets.Bytes(), sig, []Key{key}, legacy)
			if row.Expect == "accept" && err != nil {
				t.Errorf("VerifyOctets() = %v, want it accepted", err)
			}
			if code := codeOf(t, err); row.Expect == "refuse" && !slices.Contains(row.Rules, code) {
				t.Errorf("VerifyOctets() = %v, want one of %v", err, row.Rules)
			}
		})
	}
}

func TestEveryMethodVerifiesWhatItSigns(t *testing.T) {
	t.Parallel()
	octets := []byte("SAMLRequest=a&RelayState=b&SigAlg=c")
	signers := map[Kind][]crypto.Signer{
		RSA:   {rsaKey()},
		ECDSA: {ecdsaKey(), newECDSA(elliptic.P384()), newECDSA(elliptic.P521())},
	}
	for _, m := range methods {
		for _, signer := range signers[m.kind] {
			keys := verifying(t, signer)
			sig, err := SignOctets(m.uri, octets, signer)
			if err != nil {
				t.Fatal(err)
			}
			if err := VerifyOctets(m.uri, octets, sig, keys, Legacy{SHA1: true}); err != nil {
				t.Errorf("%s: %v", m.uri, err)
			}
			strict := ""
			if m.hash == crypto.SHA1 {
				strict = CodeAlgorithm
			}
			if err := VerifyOctets(m.uri, octets, sig, keys, Legacy{}); codeOf(t, err) != strict {
				t.Errorf("%s without legacy switches: %v, want %q", m.uri, err, strict)
			}
			if err := VerifyOctets(m.uri, append(octets, 'x'), sig, keys, Legacy{SHA1: true}); codeOf(t, err) != CodeValue {
				t.Errorf("%s over other octets: %v, want %s", m.uri, err, CodeValue)
			}
		}
	}
}

func TestVerifyOctetsRefuses(t *testing.T) {
	t.Parallel()
	octets := []byte("octets")
	sign := func(method string, octets []byte, key crypto.Signer) []byte {
		sig, err := SignOctets(method, octets, key)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	byRSA, byECDSA := sign(RSASHA256, octets, rsaKey()), sign(ECDSASHA256, octets, ecdsaKey())
	both := verifying(t, rsaKey(), ecdsaKey())
	order := elliptic.P256().Params().N
	half := func(s int, v *big.Int) []byte { // byECDSA with r or s replaced
		out := bytes.Clone(byECDSA)
		v.FillBytes(out[32*s : 32*s+32])
		return out
	}
	sum := sha256.Sum256(octets)
	der, err := ecdsaKey().Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	const hmac = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
	for name, tc := range map[string]struct {
		method string
		octets []byte
		sig    []byte
		keys   []Key
		code   string
	}{
		"no key":                        {RSASHA256, octets, byRSA, nil, CodeKey},
		"the zero key":                  {RSASHA256, octets, byRSA, []Key{{}}, CodeKey},
		"nine keys":                     {RSASHA256, octets, byRSA, slices.Repeat(both[:1], MaxKeys+1), CodeKey},
		"an attacker's key":             {RSASHA256, octets, byRSA, verifying(t, newRSA(2048)), CodeValue},
		"a key of another kind":         {RSASHA256, octets, byRSA, both[1:], CodeAlgorithm},
		"HMAC with the public key":      {hmac, octets, sum[:], both, CodeAlgorithm},
		"HMAC-SHA1":                     {Namespace + "hmac-sha1", octets, sum[:20], both, CodeAlgorithm},
		"RSA with MD5":                  {"http://www.w3.org/2001/04/xmldsig-more#rsa-md5", octets, byRSA, both, CodeAlgorithm},
		"RSA with RIPEMD-160":           {"http://www.w3.org/2001/04/xmldsig-more/rsa-ripemd160", octets, byRSA, both, CodeAlgorithm},
		"RSA with SHA-1":                {RSASHA1, octets, sign(RSASHA1, octets, rsaKey()), both, CodeAlgorithm},
		"DSA":                           {Namespace + "dsa-sha1", octets, byRSA, both, CodeAlgorithm},
		"no algorithm":                  {"", octets, byRSA, both, CodeAlgorithm},
		"none":                          {"none", octets, byRSA, both, CodeAlgorithm},
		"an algorithm and a space":      {RSASHA256 + " ", octets, byRSA, both, CodeAlgorithm},
		"an algorithm in large letters": {"HTTP" + RSASHA256[4:], octets, byRSA, both, CodeAlgorithm},
		"nothing signed":                {RSASHA256, nil, sign(RSASHA256, nil, rsaKey()), both, CodeC14N},
		"no signature":                  {RSASHA256, octets, nil, both, CodeValue},
		"a signature cut off":           {RSASHA256, octets, byRSA[:255], both, CodeValue},
		"a longer signature":            {RSASHA256, octets, append(bytes.Clone(byRSA), 0), both, CodeValue},
		"a signature padded in front":   {RSASHA256, octets, append([]byte{0}, byRSA...), both, CodeValue},
		"PKCS#1 taken for PSS":          {PSSSHA256, octets, byRSA, both, CodeValue},
		"another hash":                  {RSASHA512, octets, byRSA, both, CodeValue},
		"ECDSA in DER":                  {ECDSASHA256, octets, der, both, CodeValue},
		"ECDSA cut off":                 {ECDSASHA256, octets, byECDSA[:63], both, CodeValue},
		"ECDSA a byte wider":            {ECDSASHA256, octets, slices.Concat([]byte{0}, byECDSA[:32], []byte{0}, byECDSA[32:]), both, CodeValue},
		"ECDSA with s a byte wider":     {ECDSASHA256, octets, slices.Concat(byECDSA[:32], []byte{0}, byECDSA[32:]), both, CodeValue},
		"ECDSA without a signature":     {ECDSASHA256, octets, nil, both, CodeValue},
		"ECDSA of zeroes":               {ECDSASHA256, octets, make([]byte, 64), both, CodeValue},
		"ECDSA with r = 0":              {ECDSASHA256, octets, half(0, new(big.Int)), both, CodeValue},
		"ECDSA with s = 0":              {ECDSASHA256, octets, half(1, new(big.Int)), both, CodeValue},
		"ECDSA with r = n":              {ECDSASHA256, octets, half(0, order), both, CodeValue},
		"ECDSA with s = n":              {ECDSASHA256, octets, half(1, order), both, CodeValue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			if err := VerifyOctets(tc.method, tc.octets, tc.sig, tc.keys, Legacy{}); codeOf(t, err) != tc.code {
				t.Errorf("VerifyOctets() = %v, want %s", err, tc.code)
			}
		})
	}
	// The twins: the same octets, signatures and keys, nothing else changed.
	for name, tc := range map[string]struct {
		method string
		sig    []byte
		keys   []Key
	}{
		"RSA":                       {RSASHA256, byRSA, both},
		"ECDSA":                     {ECDSASHA256, byECDSA, both},
		"the last of eight keys":    {RSASHA256, byRSA, append(verifying(t, slices.Repeat([]crypto.Signer{ecdsaKey()}, MaxKeys-1)...), both[0])},
		"behind an attacker's key":  {ECDSASHA256, byECDSA, append(verifying(t, attackerKey()), both[1])},
		"behind a key that is none": {RSASHA256, byRSA, append([]Key{{}}, both...)},
	} {
		if err := VerifyOctets(tc.method, octets, tc.sig, tc.keys, Legacy{}); err != nil {
			t.Errorf("%s: %v, want it accepted", name, err)
		}
	}
}

// A small s is not asked for, nor is any one salt length.
func TestVerifyOctetsTakesWhatStandardsAllow(t *testing.T) {
	t.Parallel()
	octets := []byte("octets")
	sig, err := SignOctets(ECDSASHA256, octets, ecdsaKey())
	if err != nil {
		t.Fatal(err)
	}
	other := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(sig[32:]))
	other.FillBytes(sig[32:])
	if err := VerifyOctets(ECDSASHA256, octets, sig, verifying(t, ecdsaKey()), Legacy{}); err != nil {
		t.Errorf("n - s: %v", err)
	}
	sum := sha256.Sum256(octets)
	for _, salt := range []int{0, 20, 32, 100} {
		sig, err := rsa.SignPSS(rand.Reader, rsaKey(), crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyOctets(PSSSHA256, octets, sig, verifying(t, rsaKey()), Legacy{}); err != nil {
			t.Errorf("a salt of %d octets: %v", salt, err)
		}
	}
}

func TestRSA1024IsLegacy(t *testing.T) {
	t.Parallel()
	octets := []byte("octets")
	sig, err := SignOctets(RSASHA256, octets, rsa1024Key())
	if err != nil {
		t.Fatal(err)
	}
	keys := verifying(t, rsa1024Key())
	if err := VerifyOctets(RSASHA256, octets, sig, keys, Legacy{}); codeOf(t, err) != CodeKey {
		t.Errorf("without the switch: %v, want %s", err, CodeKey)
	}
	if err := VerifyOctets(RSASHA256, octets, sig, append(keys, verifying(t, rsaKey())...), Legacy{}); codeOf(t, err) != CodeValue {
		t.Errorf("beside a strong key: %v, want %s", err, CodeValue)
	}
	if err := VerifyOctets(RSASHA256, octets, sig, keys, Legacy{RSA1024: true}); err != nil {
		t.Errorf("with the switch: %v", err)
	}
}

func TestSignOctetsRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method string
		key    crypto.Signer
	}{
		"an unknown algorithm": {"urn:x", rsaKey()},
		"RSA for ECDSA":        {ECDSASHA256, rsaKey()},
		"ECDSA for RSA":        {RSASHA256, ecdsaKey()},
		"Ed25519":              {RSASHA256, ed25519Key(t)},
	} {
		if _, err := SignOctets(tc.method, []byte("x"), tc.key); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	if _, err := fixedWidth([]byte{1}, &ecdsaKey().PublicKey); err == nil {
		t.Error("a broken signature was taken")
	}
}
