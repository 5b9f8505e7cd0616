"""Channels 渠道: the ways a file comes in (upload page, interface, watched folder) and what is told about it.

One way in: whatever the channel, the file is sealed away, gets its batch and a job, and the job calls
`collection.services.receive`. Follows docs/channels.md.
"""
