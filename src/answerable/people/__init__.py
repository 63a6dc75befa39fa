"""Customers and reps, and who may do what."""

from answerable.people.access import conversation_for_customer, conversation_for_rep, message_for_customer, require_role
from answerable.people.customers import Introduction, customer_with, identify, introduce
from answerable.people.proving import Proven, Proving, identity_of, keep_signed, proven, proven_in, proven_in_each
from answerable.people.reps import (
    SignedIn,
    change_rep,
    first_admin_link,
    invite,
    is_signed_in,
    link_owner,
    renew_link,
    renew_link_by_email,
    rep_with,
    sign_in,
    sign_in_by_link,
    sign_out,
)
from answerable.people.signed import HostKeys, KeyFile, Signed, read_keys

__all__ = [
    "HostKeys",
    "Introduction",
    "KeyFile",
    "Proven",
    "Proving",
    "Signed",
    "SignedIn",
    "change_rep",
    "conversation_for_customer",
    "conversation_for_rep",
    "customer_with",
    "first_admin_link",
    "identify",
    "identity_of",
    "introduce",
    "invite",
    "is_signed_in",
    "keep_signed",
    "link_owner",
    "message_for_customer",
    "proven",
    "proven_in",
    "proven_in_each",
    "read_keys",
    "renew_link",
    "renew_link_by_email",
    "rep_with",
    "require_role",
    "sign_in",
    "sign_in_by_link",
    "sign_out",
]
