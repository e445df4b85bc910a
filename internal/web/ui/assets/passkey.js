// The browser's part of passkeys and security keys. A form that asks for one
// carries the options; the answer goes back in its hidden field.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => {
  let binary = "";
  for (const b of new Uint8Array(buffer)) {
    binary += String.fromCharCode(b);
  }
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

// The options come as JSON, in which octets are base64url.
function read(form) {
  const options = JSON.parse(form.dataset.options);
  options.challenge = bytes(options.challenge);
  if (options.user) {
    options.user.id = bytes(options.user.id);
  }
  for (const list of [options.allowCredentials, options.excludeCredentials]) {
    for (const credential of list ?? []) {
      credential.id = bytes(credential.id);
    }
  }
  return options;
}

function written(credential) {
  const r = credential.response;
  const response = { clientDataJSON: text(r.clientDataJSON) };
  if (r.attestationObject) {
    response.attestationObject = text(r.attestationObject);
    response.transports = r.getTransports?.() ?? [];
  } else {
    response.authenticatorData = text(r.authenticatorData);
    response.signature = text(r.signature);
    response.userHandle = r.userHandle ? text(r.userHandle) : "";
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: {} });
}

// Only one question can be open at a time; the one in the field for the name
// gives way to a button.
let waiting = null;

async function ask(form, more) {
  waiting?.abort();
  const abort = new AbortController();
  waiting = abort;
  const request = { publicKey: read(form), signal: abort.signal, ...more };
  const credential = form.dataset.passkey === "create" ? await navigator.credentials.create(request) : await navigator.credentials.get(request);
  form.elements.credential.value = written(credential);
  form.submit();
}

function tell(form, sentence) {
  const problem = form.querySelector("[role=alert]");
  problem.hidden = false;
  problem.querySelector("span").textContent = sentence;
}

async function offer(form) {
  if (await PublicKeyCredential.isConditionalMediationAvailable?.()) {
    await ask(form, { mediation: "conditional" }).catch(() => {});
  }
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    // Before page.js, which has forms sent once.
    form.addEventListener(
      "submit",
      async (event) => {
        event.preventDefault();
        event.stopImmediatePropagation();
        try {
          await ask(form);
        } catch (error) {
          if (error.name !== "AbortError") {
            tell(form, error.name === "InvalidStateError" ? form.dataset.taken : form.dataset.failed);
          }
        }
      },
      { capture: true },
    );
    if ("silent" in form.dataset) {
      offer(form);
    }
  }
}

for (const button of document.querySelectorAll("[data-prints]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
