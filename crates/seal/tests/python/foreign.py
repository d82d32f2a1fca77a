"""The other side of an exchange, with Python's cryptography and PyJWT and nothing of ours.

    foreign.py probe
    foreign.py open FOLDER    reads what our side wrote there, checks all of it, writes what it found
    foreign.py make FOLDER    writes a token and a pid for our side to open
"""

import base64
import hashlib
import io
import json
import pathlib
import sys
import xml.etree.ElementTree as ET
import zipfile

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PREFIX = "application/zip;data:"


def encrypt(key, iv, plain):
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def decrypt(key, iv, sealed):
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(sealed) + decryptor.finalize()) + unpadder.finalize()


def verify_dp_package(content, root):
    """Certificate, signature, digests; the names of the data files."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    certificate = x509.load_pem_x509_certificate(archive.read("META-INFO/certificate.cer"))
    certificate.verify_directly_issued_by(root)
    manifest = archive.read("META-INFO/manifest.xml")
    certificate.public_key().verify(
        archive.read("META-INFO/manifest.sha256withrsa"), manifest, rsa_padding.PKCS1v15(), hashes.SHA256()
    )
    names = []
    for file in ET.fromstring(manifest).iter("file"):
        name = file.findtext("filename")
        assert hashlib.sha256(archive.read(name)).hexdigest() == file.findtext("digest")
        names.append(name)
    meta = {"META-INFO/manifest.xml", "META-INFO/manifest.sha256withrsa", "META-INFO/certificate.cer"}
    assert set(archive.namelist()) == set(names) | meta
    return names


def open_theirs(folder):
    given = json.loads((folder / "given.json").read_text("utf-8"))
    key = base64.b64decode(given["secret_key"])
    iv = given["cbc_iv"].encode()
    root = x509.load_pem_x509_certificate((folder / "root.cer.pem").read_bytes())

    token = (folder / "token.jwt").read_text("ascii")
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    payload = jwt.decode(token, key, algorithms=["HS256"])
    assert set(payload) == {"filename", "data"}
    assert payload["data"].startswith(PREFIX)
    content = decrypt(key, iv, base64.b64decode(payload["data"][len(PREFIX):], validate=True))

    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    assert archive.namelist()[0] == "META-INFO/manifest.xml"
    found = {}
    for file in ET.fromstring(archive.read("META-INFO/manifest.xml")).iter("file"):
        resource_id, code = file.findtext("resource_id"), file.findtext("code")
        assert file.findtext("filename") == resource_id + ".zip"
        names = verify_dp_package(archive.read(resource_id + ".zip"), root) if code == "200" else None
        found[resource_id] = {"name": file.findtext("resource_name"), "code": code, "files": names}

    pid_key = (given["client_secret"] * 2).encode()
    pid = decrypt(pid_key, iv, base64.b64decode(given["pid"], validate=True)).decode()
    (folder / "found.json").write_text(
        json.dumps({"filename": payload["filename"], "datasets": found, "pid": pid}), "utf-8"
    )


def make_ours(folder):
    given = json.loads((folder / "given.json").read_text("utf-8"))
    key = base64.b64decode(given["secret_key"])
    iv = given["cbc_iv"].encode()
    signing_key = serialization.load_pem_private_key((folder / "dp.key.pem").read_bytes(), None)

    dp = io.BytesIO()
    with zipfile.ZipFile(dp, "w", zipfile.ZIP_DEFLATED) as archive:
        root = ET.Element("files")
        for name in given["files"]:
            content = (folder / name).read_bytes()
            archive.writestr(name, content)
            file = ET.SubElement(root, "file")
            ET.SubElement(file, "filename").text = name
            ET.SubElement(file, "digest").text = hashlib.sha256(content).hexdigest().upper()
        manifest = ET.tostring(root, "utf-8", xml_declaration=True)
        archive.writestr("META-INFO/manifest.xml", manifest)
        signature = signing_key.sign(manifest, rsa_padding.PKCS1v15(), hashes.SHA256())
        archive.writestr("META-INFO/manifest.sha256withrsa", signature)
        archive.writestr("META-INFO/certificate.cer", (folder / "dp.cer.pem").read_bytes())

    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        root = ET.Element("files")
        for resource_id, name, code in given["datasets"]:
            file = ET.SubElement(root, "file")
            ET.SubElement(file, "filename").text = resource_id + ".zip"
            ET.SubElement(file, "resource_id").text = resource_id
            ET.SubElement(file, "resource_name").text = name
            ET.SubElement(file, "code").text = code
        archive.writestr("META-INFO/manifest.xml", ET.tostring(root, "utf-8", xml_declaration=True))
        for resource_id, _, code in given["datasets"]:
            if code == "200":
                archive.writestr(resource_id + ".zip", dp.getvalue())

    data = PREFIX + base64.b64encode(encrypt(key, iv, package.getvalue())).decode()
    payload = {"data": data, "filename": given["client_id"] + ".zip"}
    (folder / "token.jwt").write_text(jwt.encode(payload, key, algorithm="HS256"), "ascii")
    pid = encrypt((given["client_secret"] * 2).encode(), iv, given["person"].encode())
    (folder / "pid.txt").write_text(base64.b64encode(pid).decode(), "ascii")


if __name__ == "__main__":
    mode = sys.argv[1]
    if mode != "probe":
        {"open": open_theirs, "make": make_ours}[mode](pathlib.Path(sys.argv[2]))
