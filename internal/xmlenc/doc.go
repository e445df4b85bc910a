// Package xmlenc decrypts XML encryption and makes it.
//
// [Decrypt] answers one question: what did somebody encrypt for one of these
// keys? [DecryptElement] reads the answer as XML that stands where the
// xenc:EncryptedData stood, by the same strict reader as everything else, with
// the namespaces that are in scope there.
//
// The accepted encryptions are those that SAML allows: AES in GCM or CBC mode
// under a key that is encrypted by RSA-OAEP, its digest and its mask chosen
// apart. What is older stands behind [Policy]. Nothing is fetched and no key is
// agreed upon or derived: a xenc:EncryptedKey stands in the ds:KeyInfo, or
// beside the xenc:EncryptedData.
//
// # Trust
//
// Everybody has our public key, so what is decrypted is as much an attacker's
// as what is not: decryption is never authentication. What can be seen of a
// message is judged first, by [CodeAlgorithm] and [CodeShape]. Every failure of
// what is done with a private key, or with what it yielded, is one and the same
// [CodeFailed]: who sends altered messages learns nothing from the answer. CBC
// does not protect the text; whoever answers such senders also has to limit how
// often they may ask.
package xmlenc
