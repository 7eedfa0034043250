"""A real SMTP server for the tests, with bad manners on demand.

It prints its port, keeps each message it took as a `.json.mail` file of the folder, and before each step
reads the mood from the folder's `mood.json`:

    {"verb": "RCPT", "do": "refuse", "reply": "550 5.1.1 no such mailbox"}

`verb` is CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA or END (after the message); `do` is
refuse, hang (until the mood changes) or drop. At END, "keep" also keeps the message first.
"""

import argparse
import asyncio
import email
import email.policy
import json
import os
import ssl
import sys
import uuid

from aiosmtpd.smtp import SMTP, AuthResult


def mood(folder):
    try:
        with open(os.path.join(folder, "mood.json"), encoding="utf-8") as file:
            return json.load(file)
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


class Keeper:
    """Keeps messages, each as a file that appears whole."""

    def __init__(self, folder):
        self.folder = folder

    async def handle_DATA(self, server, session, envelope):
        now = mood(self.folder)
        if now.get("verb") == "END":
            if now.get("keep"):
                self.keep(server, session, envelope)
            if now["do"] == "refuse":
                return now["reply"]
            if await server.bad_manners("END"):
                return "451 4.3.0 gone"
        self.keep(server, session, envelope)
        return "250 2.0.0 taken"

    def keep(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        kept = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "raw": envelope.content.decode("ascii"),
            "subject": str(message["subject"]),
            "sender": str(message["from"]),
            "message_id": str(message["message-id"]),
            "type": message.get_content_type(),
            "parts": [part.get_content_type() for part in message.iter_parts()],
            "text": message.get_body(("plain",)).get_content(),
            "html": message.get_body(("html",)).get_content(),
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data if session.authenticated else None,
        }
        name = os.path.join(self.folder, uuid.uuid4().hex)
        with open(name + ".part", "w", encoding="utf-8") as file:
            json.dump(kept, file)
        os.rename(name + ".part", name + ".json.mail")


class Server(SMTP):
    def __init__(self, folder, *args, **kwargs):
        self.folder = folder
        super().__init__(Keeper(folder), *args, **kwargs)

    async def bad_manners(self, verb):
        """Whether the step is over with this."""
        while (now := mood(self.folder)).get("verb") == verb:
            if now["do"] == "hang":
                await asyncio.sleep(0.02)
                continue
            if now["do"] == "refuse":
                await self.push(now["reply"])
            else:
                self.transport.abort()
            return True
        return self.transport.is_closing()

    async def _handle_client(self):
        if not await self.bad_manners("CONNECT"):
            await super()._handle_client()
        elif not self.transport.is_closing():
            self.transport.close()

    async def smtp_EHLO(self, hostname):
        if not await self.bad_manners("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg):
        if not await self.bad_manners("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg):
        if not await self.bad_manners("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg):
        if not await self.bad_manners("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg):
        if not await self.bad_manners("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg):
        if not await self.bad_manners("DATA"):
            await super().smtp_DATA(arg)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--implicit", action="store_true")
    parser.add_argument("--user")
    parser.add_argument("--password-file")
    options = parser.parse_args()
    tls = None
    if options.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.certificate, options.key)
    login = {}
    if options.user:
        with open(options.password_file, encoding="utf-8") as file:
            password = file.read().strip()

        def authenticate(server, session, envelope, mechanism, data):
            good = (data.login.decode(), data.password.decode()) == (options.user, password)
            return AuthResult(success=good, auth_data=options.user if good else None)

        login = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    starttls = {} if options.implicit or not tls else {"tls_context": tls, "require_starttls": True}
    loop = asyncio.get_running_loop()

    def factory():
        return Server(options.folder, loop=loop, hostname="localhost", **starttls, **login)

    listening = await loop.create_server(
        factory, "127.0.0.1", options.port, ssl=tls if options.implicit else None
    )
    print(listening.sockets[0].getsockname()[1], flush=True)
    # The test ends it by closing its standard input, or by a signal.
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
