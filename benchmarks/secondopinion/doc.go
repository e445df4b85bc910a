// Package secondopinion asks other implementations of XML signatures what they
// think of the messages that ours judges: goxmldsig, and xmlsec1, the program of
// the C library that most other languages lean on. It holds tests alone, and
// stands in this module so that nothing of what it needs reaches the product.
//
// The messages are all vectors, the responses of all attacks and of their twins in
// package samltest, and random documents with random signatures. What is demanded:
//
//   - Whatever we verify, both verify, over the same canonical octets.
//   - Whatever one of them verifies and we do not is refused by a rule that stands
//     in a table with the reason why we are stricter. The rules about digests and
//     values are not in it: there all must agree.
//   - What one of them cannot do at all is in another table, and nothing else may
//     be refused by it.
package secondopinion
