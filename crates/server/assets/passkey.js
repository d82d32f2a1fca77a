// Passkeys: asks the browser, and posts its answer with the form. Where browsers have none the form stays hidden, and the
// page's other ways remain.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const bytes = (text) => {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0));
  };
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  const create = (data, credentials) => navigator.credentials.create({
    publicKey: {
      rp: { id: data.rp, name: data.office },
      user: { id: bytes(data.user), name: data.account, displayName: data.account },
      challenge: bytes(data.challenge),
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: credentials,
      authenticatorSelection: { userVerification: "required", residentKey: "preferred" },
      attestation: "none",
      timeout: 120000,
    },
  });
  const get = (data, credentials) => navigator.credentials.get({
    publicKey: {
      rpId: data.rp,
      challenge: bytes(data.challenge),
      allowCredentials: credentials,
      userVerification: "required",
      timeout: 120000,
    },
  });

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const data = form.dataset;
    const credentials = (data.credentials || "").split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) }));
    const fault = form.querySelector("[data-fault]");
    form.hidden = false;
    // Before the page's own script counts the form as sent.
    form.querySelector("button").addEventListener("click", async (event) => {
      event.preventDefault();
      fault.textContent = "";
      try {
        const creating = data.passkey === "create";
        const { rawId, response } = await (creating ? create : get)(data, credentials);
        const put = (name, buffer) => { form.elements[name].value = text(buffer); };
        put("client_data", response.clientDataJSON);
        if (creating) {
          put("attestation", response.attestationObject);
        } else {
          put("credential", rawId);
          put("authenticator_data", response.authenticatorData);
          put("signature", response.signature);
        }
        form.submit();
      } catch {
        fault.textContent = fault.dataset.fault;
      }
    });
  }
})();
