"""Disclosure 共享: the one gate for subject data that is not public.

Nothing about a subject beyond the public page leaves the platform but through here: a query is registered before it is
answered, judged by the table of purposes and fields, by consent and by limits counted in subjects, reviewed by another
post where it has to be, and audited in the same transaction. It does not decide what is public (publication), who a
caller is (security) or what a record says (records). It follows docs/disclosure.md and security.md section 4.
"""
