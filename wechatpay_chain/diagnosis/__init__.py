"""Why something doesn't fit, how sure that is, and what to do about it.

Pure checks over what was found: no I/O, no clock. The errors of the client and of the webhook, the emulator's page and
the commands `doctor` and `verify` all ask here, so that one mistake has one name everywhere. Each check gives
`errors.Cause`s, the surest first; an error carries them as `error.causes`.

    body        the bytes aren't those that were signed: written again, wrapped, cut off, in another charset
                (`body_changes` undoes what may have happened, `envelope` knows how the platform writes one)
    headers     the signature's headers came under other names, or with values that something rewrote
    signature   a key that is not the platform's, another merchant's, or under a wrong name; clocks
    refusal     what the platform's refusals of keys, signatures and addresses mean
    field       the field that a refusal names: whether it was sent
    answer      what answered isn't the platform: a proxy, a login page, an inspected connection
    request     a merchant signed another text than the request that came, as the emulator sees it
"""
