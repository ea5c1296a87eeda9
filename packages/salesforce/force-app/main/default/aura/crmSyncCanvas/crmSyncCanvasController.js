({
    // The Canvas app reads its parameters once, as it is drawn: they have to be whole before it is.
    onInit: function (component) {
        var said = { recordId: component.get('v.recordId'), objectApiName: component.get('v.sObjectName') }
        var theme = (component.get('v.theme') || '').toLowerCase()
        if (theme === 'light' || theme === 'dark') {
            said.theme = theme
        }
        component.set('v.parameters', said.recordId ? JSON.stringify(said) : '')
    }
})
