trigger CrmSyncContact on Contact(after insert, after update, after delete, after undelete) {
    CrmSyncHint.changed(Trigger.isDelete ? Trigger.old : Trigger.new, Trigger.operationType);
}
